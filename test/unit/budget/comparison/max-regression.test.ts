import { describe, expect, it } from 'vitest';
import { allowanceOf, parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import { UsageError } from '#src/errors.ts';

const MIB = 1024 * 1024;

describe('parseMaxRegression', () => {
  it.each([
    ['5%', { percent: 5, plus: 0 }],
    ['2MiB', { percent: 0, plus: 2 * MIB }],
    ['5%+2MiB', { percent: 5, plus: 2 * MIB }],
    [' 2M + .5 % ', { percent: 0.5, plus: 2 * MIB }],
    ['0%', { percent: 0, plus: 0 }],
    ['0', { percent: 0, plus: 0 }],
  ])('reads %j as a threshold of the metrics evaluated by default', (text, allowance) => {
    expect(parseMaxRegression(text)).toEqual({ byDefault: allowance, named: [] });
  });

  it('reads thresholds of single metrics, beside one for the others', () => {
    expect(parseMaxRegression('bpf=1%, anon = 10%+2MiB,5%,bpf.map:conn*=4k,peak.max=1%,anon.avg=3%')).toEqual(
      {
        byDefault: { percent: 5, plus: 0 },
        named: [
          { metric: 'bpf', allowance: { percent: 1, plus: 0 } },
          { metric: 'anon', allowance: { percent: 10, plus: 2 * MIB } },
          { metric: 'bpf.map:conn*', allowance: { percent: 0, plus: 4096 } },
          { metric: 'peak', allowance: { percent: 1, plus: 0 } },
          { metric: 'anon.avg', allowance: { percent: 3, plus: 0 } },
        ],
      },
    );
  });

  it('accepts keys of memory.stat newer than cmemstat by their prefix', () => {
    expect(parseMaxRegression('stat.brand_new=1%').named[0]?.metric).toBe('brand_new');
  });

  it.each([
    ['', 'expected a threshold', '^'],
    ['5%,', 'expected a threshold', '   ^'],
    ['anon=', 'expected a threshold', '     ^'],
    ['=5%', 'expected a metric', '^'],
    ['bpf=1%,anno=5%', 'no metric `anno`; did you mean `anon`?', '       ^~~~'],
    ['bpf=1%,anon=x', 'neither a percentage nor a size', '            ^'],
    ['anon=-5%', 'a threshold is an increase: it is not negative', '     ^~~'],
    ['5%+', 'expected a size', '   ^'],
    ['5%+3%', 'a second percentage in one threshold', '   ^~'],
    ['1k+3k', 'a second size in one threshold', '   ^~'],
    ['5%,anon=1%,6%', 'a second threshold that names no metric', '           ^~'],
    ['anon=1%,anon.max=2%', 'anon is named twice', '        ^~~~~~~~'],
    ['bpf.map:=1%', 'expected the name of a BPF map, or a pattern', '^~~~~~~~'],
    ['5%,bpf.map:a[z-a]=1%', 'invalid character range: it is reversed', '            ^~~~~'],
    ['processes=2MiB', 'processes is a count: a threshold is a number or a percentage', '          ^~~~'],
    ['pgfault=5%+1k', 'pgfault is a count: a threshold is a number or a percentage', '        ^~~~~'],
    ['psi.some=1%', 'psi.some is not compared between runs', '^~~~~~~~'],
    ['5 percent', 'neither a percentage nor a size', '^~~~~~~~~'],
  ])('rejects %j with a reason and a caret', (text, message, caret) => {
    const refuse = () => parseMaxRegression(text);
    expect(refuse).toThrow(UsageError);
    expect(refuse).toThrow(
      expect.objectContaining({
        message: `--max-regression: ${message}`,
        option: '--max-regression',
        detail: `  ${text}\n  ${caret}`,
      }),
    );
  });

  it('reports the place in a file', () => {
    expect(() => parseMaxRegression('x', 'budget.json: maxRegression')).toThrow(
      /^budget.json: maxRegression: /,
    );
  });
});

describe('allowanceOf', () => {
  const rule = parseMaxRegression('5%,kernel=1%,bpf.map:*=2%,bpf.map:conn*=3%,peak=9%');

  it.each([
    ['anon', 5],
    ['bpf', 5],
    ['bpf.uncharged', 5],
    ['kernel', 1],
    ['peak', 9],
    ['bpf.map:conns', 3],
    ['bpf.map:other', 2],
  ])('finds the threshold of %s', (metric, percent) => {
    expect(allowanceOf(rule, metric)).toEqual({ percent, plus: 0 });
  });

  it.each(['current', 'file', 'workingset', 'pgfault', 'anon.avg', 'kernel.avg', 'processes'])(
    'is undefined for %s unless it is named: page cache, counts and averages are not evaluated by default',
    (metric) => expect(allowanceOf(rule, metric)).toBeUndefined(),
  );

  it('is undefined for maps and other metrics if only one metric is named', () => {
    const alone = parseMaxRegression('anon=1%');
    for (const metric of ['kernel', 'bpf', 'bpf.map:conns'])
      expect(allowanceOf(alone, metric)).toBeUndefined();
  });
});

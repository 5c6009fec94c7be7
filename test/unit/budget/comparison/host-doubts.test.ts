import { describe, expect, it } from 'vitest';
import { doubtsOf, hostDoubts } from '#src/budget/comparison/host-doubts.ts';
import type { RunFigures, RunHost } from '#src/budget/comparison/run-figures.ts';
import { HOST, run } from '../runs.ts';

const side = (name: string, ...runs: RunFigures[]) => ({ name, runs });
const on = (host: Partial<RunHost>) => run({}, { host: { ...HOST, ...host } });
const base = side('base', run({}), run({}));

describe('hostDoubts', () => {
  it('are none for the same machine', () => {
    expect(hostDoubts(base, side('now', run({})))).toEqual([]);
  });

  it.each([
    [{ kernel: '6.18.1' }, /^other kernels: 6\.12\.0 and 6\.18\.1/],
    [{ arch: 'arm64' }, /^other architectures: x64 and arm64/],
    [{ cpus: 16 }, /^other numbers of CPUs: 2 and 16/],
    [{ possibleCpus: 128 }, /possible CPUs: 4 and 128; per-CPU memory .* 32 times as large/],
    [{ possibleCpus: 3 }, /0\.75 times as large/],
    [{ pageSizeBytes: 65_536 }, /^other page sizes: 4096 and 65536 bytes/],
  ])('report %j', (host, doubt) => {
    expect(hostDoubts(base, side('now', on(host)))).toEqual([expect.stringMatching(doubt)]);
  });

  it('report other modes, and an unknown host of a summary', () => {
    const { host: _host, ...unknown } = run({}, { mode: 'cgroup1' });
    expect(hostDoubts(base, side('sum.json', unknown))).toEqual([
      'other modes: cgroup2 and cgroup1; their figures are not comparable',
      'the host of sum.json is unknown: a summary does not contain it, a recording does',
    ]);
  });

  it('report a side with runs of several hosts', () => {
    expect(hostDoubts(side('mixed', run({}), on({ cpus: 4 })), base)).toEqual([
      'the runs of mixed are of several hosts or modes',
    ]);
  });

  it('contain no control characters of a file', () => {
    expect(hostDoubts(base, side('now', on({ kernel: '6\u001b[2J' }))).join()).not.toMatch(/\p{Cc}/u);
  });
});

describe('doubtsOf', () => {
  it('report other commands too', () => {
    const now = side('now', run({}, { command: ['make', '\u001b[2J'] }));
    expect(doubtsOf(base, now)).toEqual(["other commands: make -j2 and make '\\x1b[2J'"]);
    expect(hostDoubts(base, now)).toEqual([]);
  });

  it('report failed and truncated runs', () => {
    const { status: _status, ...cut } = run({});
    expect(doubtsOf(side('base', run({}, { status: 1 }), run({})), side('now', cut))).toEqual([
      '1 of 2 runs of base failed',
      'the run of now truncated',
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderTapReport } from '#src/report/tap.ts';
import { required } from '../../required.ts';
import { examples } from './example-verdicts.ts';
import { hostileVerdict } from './hostile-verdicts.ts';

interface Point {
  ok: boolean;
  number: number;
  description: string;
  skip: string | undefined;
}

/** Reads TAP strictly: every line must be one that a report may have. */
function parseTap(text: string): Point[] {
  const [version, plan, ...lines] = text.trimEnd().split('\n');
  expect(version).toBe('TAP version 14');
  const points: Point[] = [];
  let inYaml = false;
  for (const line of lines) {
    if (inYaml) {
      if (line === '  ...') inYaml = false;
      else if (/^ {2}message: "|^ {4}- "/.test(line)) {
        expect(typeof JSON.parse(line.slice(line.indexOf('"')))).toBe('string');
      } else expect(line).toMatch(/^ {2}(details:|severity: (fail|not-measured))$/);
      continue;
    }
    if (line === '  ---') inYaml = true;
    else if (!line.startsWith('# ')) points.push(parsePoint(line));
  }
  expect(inYaml).toBe(false);
  expect(plan).toBe(`1..${points.length}`);
  expect(points.map(({ number }) => number)).toEqual(points.map((_, index) => index + 1));
  return points;
}

function parsePoint(line: string): Point {
  // An escaped "#" is text.
  const match = /^(not )?ok (\d+) - ((?:\\[\\#]|[^\\#])*?)(?: # SKIP ((?:\\[\\#]|[^\\#])*))?$/.exec(line);
  if (match === null) throw new Error(`not a line of TAP: ${line}`);
  const [, not, number, description = '', skip] = match;
  return { ok: not === undefined, number: Number(number), description, skip };
}

describe('renderTapReport', () => {
  it.each([
    ['passed', []],
    ['failed', ['BPF maps', 'processes<2', 'anon.avg<=100MiB']],
    ['not-measured', ['kernel<=32MiB']],
    ['optional', []],
    ['leftovers', ['no BPF maps left behind']],
    ['leftover-files', ['no files in memory left behind']],
    ['leftovers-unknown', ['no BPF maps left behind']],
    ['comparison', ['anon', 'bpf.map:old', 'unexplained'].map((metric) => `no regression of ${metric}`)],
    ['tool-failed', ['cmemstat succeeds']],
    ['stopped-on-exceeded', ['BPF maps', 'processes<2', 'anon.avg<=100MiB']],
    ['timeout', ['the target succeeds']],
    ['strict-host', ['comparable with the baseline']],
    ['empty', []],
  ])('reports the failures of the verdict "%s"', (name, failed) => {
    const points = parseTap(renderTapReport(required(examples[name])));
    expect(points.filter(({ ok }) => !ok).map(({ description }) => description)).toEqual(failed);
  });

  it('skips unmeasured optional budgets, with the reason', () => {
    const skipped = parseTap(renderTapReport(required(examples.optional))).filter(({ skip }) => skip);
    expect(skipped).toEqual([
      {
        ok: true,
        number: 2,
        description: 'kernel<=32MiB',
        skip: 'not measured: the process tree was summed: it has no kernel memory (hint: sudo cmemstat --user "$USER" -- COMMAND)',
      },
    ]);
  });

  it('passes and skips the same, with any texts', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const points = parseTap(renderTapReport(verdict));
        const count = (status: string) => verdict.budgets.filter((budget) => budget.status === status).length;
        const budgets = points.slice(0, verdict.budgets.length);
        expect(budgets.filter(({ ok }) => !ok)).toHaveLength(count('failed') + count('not-measured'));
        expect(budgets.filter(({ skip }) => skip !== undefined)).toHaveLength(count('not-measured-optional'));
      }),
    );
  });
});

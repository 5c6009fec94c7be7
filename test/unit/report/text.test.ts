import { describe, expect, it } from 'vitest';
import { renderTextReport } from '#src/report/text.ts';
import { examples, passedBudget } from './example-verdicts.ts';

const render = (name: string) => renderTextReport(examples[name] ?? fail(name));

function fail(name: string): never {
  throw new Error(name);
}

describe('renderTextReport', () => {
  it('shows a passed budget in one line, with any details', () => {
    const held = { ...passedBudget, name: 'a', description: 'b', owner: 'c', values: [1, 2], spread: 1 };
    const text = renderTextReport({ ...(examples.empty ?? fail('empty')), budgets: [held] });
    expect(text).toContain(
      '  ✓ passed        a: 200 MiB, must be at most 256 MiB: 56.0 MiB left (-21.9 %)\n  target:',
    );
  });

  it('reports both a failed target and a failed budget, whichever decides the exit status', () => {
    expect(render('target-failed')).toContain('  target: ended by SIGSEGV (exit status 139)\n');
    expect(render('target-failed')).toContain("exit status 139: the target's own; a budget failed as well");
    expect(render('budget-first')).toContain('  target: exit status 2\n');
    expect(render('budget-first')).toContain('exit status 3: a budget failed');
  });

  it('lists once what grew, if several budgets are exceeded at one moment', () => {
    const failed = examples.failed ?? fail('failed');
    const first = failed.budgets.find(({ exceeded }) => exceeded !== undefined) ?? fail('exceeded');
    const text = renderTextReport({ ...failed, budgets: [first, { ...first, name: 'the same again' }] });
    expect(text.match(/BPF maps that grew most/g)).toHaveLength(1);
    expect(text).toMatch(/the same again: [\s\S]*when: .*\n {6}what grew: see BPF maps, above\n/);
  });

  it('lists the names of another part of the memory, if budgets are exceeded at one moment', () => {
    const explained = examples.explained ?? fail('explained');
    const [first = fail('budget')] = explained.budgets;
    const { exceeded = fail('exceeded') } = first;
    const { names = fail('names') } = exceeded;
    const other = {
      ...names,
      names: [{ kind: 'process' as const, name: 'helper', bytes: 7, baselineBytes: 0 }],
    };
    const budgets = [first, first, { ...first, name: 'other', exceeded: { ...exceeded, names: other } }];
    const text = renderTextReport({ ...explained, budgets });
    expect(text.match(/flows\|new: 2\.00 MiB -> 14\.0 MiB/g)).toHaveLength(1);
    expect(text.match(/BPF maps that grew most/g)).toHaveLength(1);
    expect(text).toMatch(
      / other: [\s\S]*what grew: see BPF maps, above\n.*names that grew[\s\S]*\+7 B {2}helper: 0 B -> 7 B/,
    );
  });

  it('does not call a comparison without thresholds free of regressions', () => {
    const compared = examples.comparison ?? fail('comparison');
    const { comparison = fail('comparison') } = compared;
    const metrics = comparison.metrics.map((each) => ({ ...each, verdict: 'not-evaluated' as const }));
    const verdict = { ...compared, comparison: { ...comparison, regressed: false, metrics } };
    expect(renderTextReport(verdict)).not.toContain('regression');
  });

  it('never passes unmeasured budgets, and gives the reason', () => {
    expect(render('not-measured')).toContain(
      '  ? NOT MEASURED  kernel<=32MiB: the process tree was summed: it has no kernel memory (hint: sudo cmemstat',
    );
    expect(render('optional')).toContain('  ! not measured  kernel<=32MiB: the process tree');
  });

  it('has the same number of lines for any text', () => {
    const lines = (text: string) => text.split('\n').length;
    for (const verdict of Object.values(examples)) {
      const evil = JSON.parse(JSON.stringify(verdict), (key, value) =>
        ['name', 'expression', 'description', 'owner', 'text', 'reason', 'replay'].includes(key)
          ? `${value}\n::error::x\r`
          : value,
      );
      expect(lines(renderTextReport(evil))).toBe(lines(renderTextReport(verdict)));
    }
  });
});

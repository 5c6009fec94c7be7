import { describe, expect, it } from 'vitest';
import { BudgetSink } from '#src/app/gate/budget-sink.ts';
import type { RecordLine } from '#src/model/recording.ts';
import { required } from '../../../required.ts';
import { anonSamples, MIB, named, startOf, summaryOf } from '../../budget/evaluated-runs.ts';

function evaluated(lines: readonly RecordLine[], expression: string) {
  const events: string[] = [];
  const sink = new BudgetSink({
    budgets: [named(expression)],
    baseline: undefined,
    onExceeded: ({ elapsedMs, message }) => events.push(`${elapsedMs} ${message}`),
  });
  for (const line of lines) sink.observe(line);
  return { sink, events };
}

describe('a run that is watched', () => {
  it('is evaluated from its records', () => {
    const { sink } = evaluated([startOf(), ...anonSamples(0, 3, 0), summaryOf()], 'anon<=2M');
    expect(sink.finish()).toMatchObject({
      results: [{ status: 'failed' }],
      warnings: [],
      start: { pid: 42 },
      summary: { durationMs: 2000 },
    });
  });

  it('reports an exceeded limit once, when it is exceeded', () => {
    const { events } = evaluated([startOf(), ...anonSamples(0, 3, 4)], 'anon<=2M');
    expect(events).toEqual([expect.stringMatching(/^\d+ anon<=2M$/)]);
  });

  it('without an end is evaluated up to its last record, with a warning', () => {
    const { sink } = evaluated([startOf(), ...anonSamples(0, 3, 2)], 'anon<=4M');
    expect(required(sink.finish()).figures).toBeUndefined();
    const { command, cmemstat, time, mode } = startOf();
    const figures = { command, cmemstat, time, mode, metrics: {} };
    const { results, warnings, summary, figures: given } = required(sink.finish(figures));
    expect(given).toBe(figures);
    expect(results).toMatchObject([{ status: 'passed', value: 3 * MIB }]);
    expect(warnings).toEqual([expect.stringContaining('ends before')]);
    expect(summary).toBeUndefined();
  });
});

import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import { addGateOptions, wantsGate } from '#src/cli/options/gate-flags.ts';
import { toGatePlan, toSeriesPlan } from '#src/cli/options/gate-plan.ts';

const fileThat = (runs: object) => ({ runs, sampling: {}, budgets: [] });

describe('wantsGate', () => {
  it.each([
    { budgetExitCode: '7' },
    { evaluate: 'worst' },
    { strictHost: true as const },
    { budgetOptional: true as const },
    { budgetFirst: true as const },
  ])('accepts %j as an option of the evaluation', (flags) => {
    expect(wantsGate(flags, addGateOptions(new Command()))).toBe(true);
  });

  it('does not evaluate a plain run', () => {
    expect(wantsGate({}, addGateOptions(new Command()))).toBe(false);
  });
});

describe('toGatePlan', () => {
  it.each(['0', '256', '-1', 'x'])('rejects the exit code %s', (budgetExitCode) => {
    expect(() => toGatePlan({ budgetExitCode }, undefined, false)).toThrow(
      'expected a whole number from 1 to 255',
    );
  });

  it.each([
    [{}, [false, true, false]],
    [{ budgetOptional: true as const }, [true, true, true]],
  ])('with %j, the budgets of the file and that of the command line are optional: %j', (flags, optional) => {
    const budgets = [false, true].map((each) => ({ budget: parseBudget('anon<=1M'), optional: each }));
    const plan = toGatePlan({ ...flags, budget: ['bpf<=1M'] }, { ...fileThat({}), budgets }, false);
    expect(plan.budgets.map((each) => each.optional)).toEqual(optional);
  });
});

describe('toGatePlan without a baseline', () => {
  it.each([
    [{ strictHost: true as const }, '--strict-host requires --baseline'],
    [{ maxRegression: '5%' }, '--max-regression requires --baseline'],
  ])('rejects %j', (flags, message) => {
    expect(() => toGatePlan(flags, undefined, false)).toThrow(message);
    expect(() => toGatePlan({ ...flags, baseline: 'b.json' }, undefined, false)).not.toThrow();
    expect(() => toGatePlan(flags, { ...fileThat({}), baseline: 'b.json' }, false)).not.toThrow();
  });
});

describe('toSeriesPlan', () => {
  it.each([
    [{ dropCaches: true as const }, { warm: true }, { dropCaches: true, warm: false }],
    [{ warm: true as const }, { dropCaches: true }, { dropCaches: false, warm: true }],
    [{}, { warm: true }, { dropCaches: false, warm: true }],
    [{}, { dropCaches: true }, { dropCaches: true, warm: false }],
    [{}, {}, { dropCaches: false, warm: false }],
  ])('merges the flags %j and the file %j into %j', (flags, runs, plan) => {
    expect(toSeriesPlan(flags, fileThat(runs))).toMatchObject(plan);
  });
});

import { describe, expect, it } from 'vitest';
import { RunExplainer } from '#src/app/run/readings/run-explainer.ts';
import type { ExplainMoment, ExplainRecord } from '#src/model/explain/explain-record.ts';
import type { Explanation } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

const MIB = 1024 * 1024;

const explanation: Explanation = {
  method: 'pages',
  before: { stat: {} },
  after: { stat: {} },
  tree: parentNode({ kind: 'cgroup', name: '/leaf' }, [
    { kind: 'file', name: 'log', path: '/var/log/big', bytes: 5 * MIB, reclaim: 'dirty' },
    { kind: 'slab-cache', name: 'dentry', bytes: 2 * MIB, reclaim: 'reclaimable' },
    { kind: 'unnamed', name: 'unnamed', bytes: 9 * MIB, reclaim: 'kernel' },
  ]),
  beside: [],
  missing: [],
  advice: [],
};

function explainerOf(moments: ExplainMoment[], { cpuMs = 0, explain = async () => explanation } = {}) {
  const records: ExplainRecord[] = [];
  const warnings: string[] = [];
  const clock = { ms: 0 };
  const explainer = new RunExplainer({
    moments: new Set(moments),
    elapsedMs: () => clock.ms,
    emit: (record) => records.push(record),
    warn: (message) => warnings.push(message),
    explain,
    cpuMs: () => records.length * cpuMs,
  });
  const see = async (ms: number, current: number) => {
    clock.ms = ms;
    explainer.see(current);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { explainer, records, warnings, clock, see };
}

describe('at a peak', () => {
  it('waits until memory no longer rises', async () => {
    const { see, records, explainer, warnings } = explainerOf(['peak']);
    await see(0, 10 * MIB);
    await see(100, 20 * MIB);
    await see(300, 20 * MIB);
    expect(records).toEqual([]);
    await see(600, 20 * MIB);
    expect(records).toMatchObject([
      { type: 'explain', moment: 'peak', elapsedMs: 600, tree: { bytes: 16 * MIB } },
    ]);
    await explainer.end();
    expect(warnings).toEqual([]);
  });

  it('does not take a valley for a peak', async () => {
    const { see, records, explainer, warnings } = explainerOf(['peak']);
    await see(0, 100 * MIB);
    await see(600, 50 * MIB);
    await explainer.end();
    expect(records).toEqual([]);
    expect(warnings).toEqual([
      '--explain peak: no peak lasted: after 400 ms memory was lower by more than 5 %, or the run had ended',
    ]);
  });

  it('is read again for a higher one, not before 5 s, and not for a little more', async () => {
    const { see, records } = explainerOf(['peak']);
    await see(0, 100 * MIB);
    await see(500, 100 * MIB);
    await see(1000, 200 * MIB);
    await see(1500, 200 * MIB);
    expect(records.length).toBe(1);
    await see(5600, 200 * MIB);
    expect(records.length).toBe(2);
    await see(20_000, 202 * MIB);
    await see(20_500, 202 * MIB);
    expect(records.length).toBe(2);
  });

  it('takes at most 1 % of a CPU beyond the first readings', async () => {
    const { see, records } = explainerOf(['peak'], { cpuMs: 1000 });
    let size = 100;
    for (let ms = 0; ms <= 300_000; ms += 500) {
      if (ms % 5000 === 0) size *= 1.1;
      await see(ms, size * MIB);
    }
    expect(records.length).toBeGreaterThanOrEqual(4);
    expect(records.length).toBeLessThanOrEqual(6);
  });
});

it('explains the first budget that is exceeded, and the end', async () => {
  const { explainer, records } = explainerOf(['exceeded', 'end']);
  explainer.exceeded('anon<=1MiB');
  explainer.exceeded('file<=1MiB');
  await explainer.end();
  expect(records.map(({ moment, message }) => [moment, message])).toEqual([
    ['exceeded', 'anon<=1MiB'],
    ['end', undefined],
  ]);
  expect(explainer.summary()?.[1]?.names).toEqual([
    { kind: 'file', name: '/var/log/big', bytes: 5 * MIB, reclaim: 'dirty' },
    { kind: 'slab-cache', name: 'dentry', bytes: 2 * MIB, reclaim: 'reclaimable' },
  ]);
});

it('warns if a reading fails', async () => {
  const { explainer, records, warnings } = explainerOf(['end'], {
    explain: async () => {
      throw new Error('no such cgroup');
    },
  });
  await explainer.end();
  expect({ records, warnings }).toEqual({ records: [], warnings: ['--explain end: no such cgroup'] });
  expect(explainer.summary()).toBeUndefined();
});

it('does nothing at moments that were not requested', async () => {
  const { explainer, records, see } = explainerOf(['end']);
  explainer.exceeded('anon<=1MiB');
  await see(0, MIB);
  await see(1000, MIB);
  expect(records).toEqual([]);
});

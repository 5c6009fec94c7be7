import { afterEach, expect, it, vi } from 'vitest';
import { ProcessRounds } from '#src/app/run/processes/process-rounds.ts';
import type { RunProcesses } from '#src/app/run/processes/run-processes.ts';
import type { RunRecord } from '#src/output/sink.ts';

const open: ProcessRounds[] = [];
afterEach(() => {
  for (const rounds of open.splice(0)) rounds.stop();
});

/** Rounds whose first reading is the only one within the test, and how often processes were listed. */
function makeRounds(list = () => new Map<number, string | undefined>([[process.pid, undefined]])) {
  const byCgroup = vi.fn(list);
  const records: RunRecord[] = [];
  const warnings: string[] = [];
  const rounds = new ProcessRounds({
    intervalMs: 60_000,
    processes: { byCgroup, targetPid: process.pid } as unknown as RunProcesses,
    elapsedMs: () => 1,
    emit: (record) => records.push(record),
    warn: (message) => warnings.push(message),
  });
  open.push(rounds);
  return { rounds, byCgroup, records, warnings };
}

it('reads processes once for two starts, the first of which is still loading', async () => {
  const { rounds, byCgroup, records } = makeRounds();
  await Promise.all([rounds.start(), rounds.start()]);
  await vi.waitFor(() => expect(records).not.toEqual([]));
  expect(byCgroup).toHaveBeenCalledTimes(1);
});

it('reads nothing after it was stopped while it was loading, and can be started again', async () => {
  const { rounds, byCgroup, records } = makeRounds();
  const started = rounds.start();
  rounds.stop();
  await started;
  expect(byCgroup).not.toHaveBeenCalled();
  await rounds.start();
  await vi.waitFor(() => expect(records).toMatchObject([{ type: 'processes' }]));
});

it('warns once where processes cannot be read, and stops', async () => {
  const { rounds, byCgroup, warnings } = makeRounds(() => {
    throw new Error('no such hierarchy');
  });
  await rounds.start();
  await vi.waitFor(() => expect(warnings).toEqual(['the processes could not be read: no such hierarchy']));
  await rounds.read();
  expect(byCgroup).toHaveBeenCalledTimes(1);
});

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProcessesRecord, ProcessRow } from '#src/model/recorded-processes.ts';
import type { EventRecord } from '#src/model/recording.ts';
import { applyProcesses } from '#src/model/row-changes.ts';
import { ProcessTable } from '#src/sampler/process-table.ts';

const children: ChildProcess[] = [];
const tables: ProcessTable[] = [];

afterEach(async () => {
  for (const table of tables.splice(0)) table.stop();
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

/** A shell that has printed a line, and therefore runs. */
async function startShell(script: string): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', `echo up; ${script}`], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

/** A table over a list that can be changed, and the rows that it has emitted. */
function watching(list: Map<number, string | undefined>, targetPid: number) {
  const records: (ProcessesRecord | EventRecord)[] = [];
  const rows = new Map<number, ProcessRow>();
  const table = new ProcessTable(
    {
      list: () => list,
      targetPid,
      elapsedMs: () => performance.now(),
      emit: (record) => {
        records.push(record);
        if (record.type === 'processes') applyProcesses(rows, record);
      },
      onError: (error) => {
        throw error;
      },
    },
    20,
  );
  tables.push(table);
  table.start();
  const events = () => records.filter((each) => each.type === 'event');
  return { table, records, rows, events };
}

const statusOf = (pid: number, key: string) =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

describe('ProcessTable', () => {
  it('names the program and the user of a process once, and again after an exec', async () => {
    const child = await startShell('read line; exec sleep 60');
    const pid = child.pid ?? 0;
    const { records } = watching(new Map([[pid, undefined]]), pid);
    const programs = () =>
      records.flatMap((record) => (record.type === 'processes' ? (record.programs ?? []) : []));
    await vi.waitFor(() => expect(programs()).not.toEqual([]), 30_000);
    const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
    expect(programs()).toEqual([{ pid, user, command: ['sh', '-c', 'echo up; read line; exec sleep 60'] }]);
    child.stdin?.write('line\n');
    await vi.waitFor(() => expect(programs()).toHaveLength(2), 30_000);
    expect(programs()[1]).toEqual({ pid, user, command: ['sleep', '60'] });
  });

  it("emits the kernel's figures of a process", async () => {
    const child = await startShell('sleep 60 & read line');
    const pid = child.pid ?? 0;
    const { rows } = watching(new Map([[pid, 'nested']]), pid);
    await vi.waitFor(() => expect(rows.get(pid)?.cpuPercent).toBeDefined(), 30_000);
    await vi.waitFor(() => expect(rows.get(pid)?.pss).toBeGreaterThan(0), 30_000);
    // The first rows may precede the opens and forks of the shell.
    await vi.waitFor(() => expect(rows.get(pid)?.fds).toBe(readdirSync(`/proc/${pid}/fd`).length), 30_000);
    const row = rows.get(pid);
    expect(row).toMatchObject({ pid, ppid: process.pid, comm: 'sh', threads: 1, cgroup: 'nested' });
    // The kernel counts resident pages per CPU: the sum in /proc/<pid>/stat may lag by some of them.
    expect(Math.abs((row?.rss ?? 0) - statusOf(pid, 'VmRSS') * 1024)).toBeLessThan(1024 * 1024);
  });

  it('emits the same figures of processes that are read without pidusage', async () => {
    const child = await startShell('read line');
    const pid = child.pid ?? 0;
    // As for short processes, and for all but some of the others: pidusage opens /proc/<pid>/stat itself, and
    // gets nothing here.
    const refuse = (...args: unknown[]) => (args.at(-1) as (error: Error) => void)(new Error('refused'));
    const open = vi.spyOn(fs, 'open').mockImplementation(refuse as typeof fs.open);
    const { rows } = watching(new Map([[pid, undefined]]), pid);
    try {
      await vi.waitFor(() => expect(rows.get(pid)?.cpuPercent).toBeDefined(), 30_000);
      expect(open).toHaveBeenCalled();
    } finally {
      open.mockRestore();
    }
    const row = rows.get(pid);
    expect(Math.abs((row?.rss ?? 0) - statusOf(pid, 'VmRSS') * 1024)).toBeLessThan(1024 * 1024);
    expect(row?.cpuPercent).toBeLessThanOrEqual(200);
  });

  it('emits nothing while nothing changes, and the processes that have ended', async () => {
    const [first, second] = [await startShell('read line'), await startShell('read line')];
    const pids = [first.pid ?? 0, second.pid ?? 0];
    const list = new Map(pids.map((pid) => [pid, undefined]));
    const { rows, records } = watching(list, 1);
    const countRecordsIn100Ms = async () => {
      const before = records.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return records.length - before;
    };
    await vi.waitFor(() => expect(rows.size).toBe(2), 30_000);
    await expect.poll(countRecordsIn100Ms, { timeout: 5000 }).toBe(0);
    expect([...rows.keys()].sort()).toEqual([...pids].sort());
    second.kill('SIGKILL');
    await once(second, 'exit');
    await vi.waitFor(() => expect([...rows.keys()]).toEqual([first.pid]), 30_000);
    const gone = records.flatMap((each) => (each.type === 'processes' ? (each.gone ?? []) : []));
    expect(gone).toEqual([second.pid]);
  });

  it('detects an exec in existing and in new processes', async () => {
    const child = await startShell('read line; sleep 60 & echo $!; exec sleep 61');
    const pid = child.pid ?? 0;
    const list = new Map<number, string | undefined>([[pid, undefined]]);
    const { rows, events } = watching(list, pid);
    await vi.waitFor(() => expect(rows.size).toBe(1), 30_000);
    child.stdin?.write('\n');
    const [text] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    list.set(Number(text), undefined);
    await vi.waitFor(() => expect(events().at(-1)?.count).toBe(2), 30_000);
    const sum = events().reduce((total, { increase = 0 }) => total + increase, 0);
    expect(sum).toBe(2);
    expect(events().every(({ event, noticed }) => event === 'exec' && noticed === 'tick')).toBe(true);
    expect(
      events()
        .map(({ message }) => message)
        .join(),
    ).toMatch(/sleep/);
    await vi.waitFor(() => expect(rows.get(pid)?.comm).toBe('sleep'), 30_000);
    process.kill(Number(text), 'SIGKILL');
  });

  it('omits zombies, processes of other pid namespaces and ended ones', async () => {
    // It exits after the exec: the shell would have reaped it.
    const ends = '(until read -r c </proc/$$/comm && [ "$c" = sleep ]; do sleep 0.01; done) &';
    const child = await startShell(`${ends} read asked; echo $!; exec sleep 60`);
    const answer = once(child.stdout ?? child, 'data') as Promise<[Buffer]>;
    child.stdin?.write('asked\n');
    const [text] = await answer;
    const zombie = Number(text);
    await vi.waitFor(() => expect(readFileSync(`/proc/${zombie}/stat`, 'utf8')).toMatch(/\) Z /), 30_000);
    const pids = [child.pid ?? 0, zombie, 0, 2 ** 30];
    const { rows } = watching(new Map(pids.map((pid) => [pid, undefined])), 1);
    await vi.waitFor(() => expect(rows.size).toBe(1), 30_000);
    expect(rows.has(child.pid ?? 0)).toBe(true);
  });

  it('emits nothing after it was stopped', async () => {
    const { table, records } = watching(new Map([[process.pid, undefined]]), 1);
    table.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(records).toEqual([]);
  });
});

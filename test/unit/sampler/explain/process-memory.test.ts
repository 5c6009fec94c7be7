import { describe, expect, it } from 'vitest';
import { finishSteps } from '#src/kernel/steps.ts';
import { type ProcessMemoryOptions, readProcessMemory } from '#src/sampler/explain/process-memory.ts';
import { makeTree } from '../../temporary-tree.ts';

const MIB = 1024 * 1024;

const stat = (pid: number, comm: string) =>
  `${pid} (${comm}) S 1 1 1 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 100 4096 10 99 1 2 3 0 0 0 0 0 0 0\n`;
const status = (rssMib: number, threads = 1) =>
  `Uid:\t0\t0\t0\t0\nThreads:\t${threads}\nVmRSS:\t${rssMib * 1024} kB\nRssAnon:\t${rssMib * 1024} kB\nVmPTE:\t40 kB\nVmSwap:\t8 kB\n`;
const heap = (mib: number) =>
  `1000-2000 rw-p 00000000 00:00 0 [heap]\nRss: ${mib * 1024} kB\nPss: ${mib * 512} kB\nAnonymous: ${mib * 1024} kB\n` +
  '2000-3000 r-xp 00000000 fe:00 7 /bin/x\nRss: 8 kB\nPss: 4 kB\n';
const rollup = (mib: number) =>
  `1000-2000 ---p 00000000 00:00 0 [rollup]\nPss_Anon: ${mib * 512} kB\nAnonymous: ${mib * 1024} kB\nAnonHugePages: 0 kB\nSwapPss: 4 kB\n`;

function processFiles(pid: number, comm: string, mib: number): Record<string, string> {
  return {
    [`${pid}/stat`]: stat(pid, comm),
    [`${pid}/status`]: status(mib),
    [`${pid}/cmdline`]: `${comm}\0--flag\0`,
    [`${pid}/smaps`]: heap(mib),
    [`${pid}/smaps_rollup`]: rollup(mib),
  };
}

function read(files: Record<string, string>, pids: number[], options: ProcessMemoryOptions = {}) {
  return finishSteps(readProcessMemory(pids, { procRoot: makeTree(files), ...options }));
}

describe('readProcessMemory', () => {
  it('apportions shared pages, so that the sum counts them once', () => {
    const { processes, files, missing } = read(
      { ...processFiles(10, 'parent', 4), ...processFiles(11, 'child', 2) },
      [11, 10, 11],
    );
    expect(processes.map(({ pid, anonBytes }) => [pid, anonBytes])).toEqual([
      [10, 2 * MIB],
      [11, MIB],
    ]);
    expect(processes[0]).toMatchObject({
      comm: 'parent',
      command: ['parent', '--flag'],
      uid: 0,
      user: 'root',
      threads: 1,
      detail: 'mappings',
      swapBytes: 0,
      mappings: 2,
      pageTableBytes: 40 * 1024,
      special: [],
    });
    expect([...files.values()]).toEqual([
      {
        device: '254:0',
        inode: '7',
        name: '/bin/x',
        mappings: 2,
        rssBytes: 16384,
        pssBytes: 8192,
        pids: [10, 11],
      },
    ]);
    expect(files.get('254:0', 7n)?.pids).toEqual([10, 11]);
    expect(missing).toEqual([]);
  });

  it('reads only sums of the smaller ones of very many processes', () => {
    const files = { ...processFiles(10, 'large', 4), ...processFiles(11, 'small', 2) };
    const { processes, missing } = read(files, [11, 10], { maxItemised: 1 });
    expect(processes[1]).toMatchObject({
      pid: 11,
      detail: 'sum',
      anonBytes: MIB,
      swapBytes: 4096,
      groups: [],
    });
    expect(missing).toEqual([
      { what: 'memory by mapping', reason: 'only the 1 largest processes were read by mapping', count: 1 },
    ]);
    const late = read(files, [11, 10], { timeLimitMs: -1 });
    expect(late.processes.map(({ detail }) => detail)).toEqual(['sum', 'sum']);
  });

  it('stops after a number of mappings, and reports that', () => {
    const { processes, missing } = read(processFiles(10, 'many', 4), [10], { maxMappings: 1 });
    expect(processes[0]).toMatchObject({ isCut: true, mappings: 1 });
    expect(missing[0]?.reason).toBe('only the first 1 mappings were read');
  });

  it('lists a number of mapped files, and says how many are left out', () => {
    const { files, missing } = read(processFiles(10, 'x', 4), [10], { maxFiles: 0 });
    expect(files.size).toBe(0);
    expect(missing).toEqual([{ what: 'mapped files', reason: 'only the first 0 were listed', count: 1 }]);
  });

  it('counts processes that vanish and those outside our pid namespace', () => {
    const { processes, missing } = read(processFiles(10, 'x', 4), [10, 0, 77]);
    expect(processes).toHaveLength(1);
    expect(missing).toEqual([
      expect.objectContaining({ what: 'processes', count: 1, reason: expect.stringContaining('exited') }),
      expect.objectContaining({ what: 'processes', count: 1, hint: 'run cmemstat on the host' }),
    ]);
  });

  it('has no memory for a zombie', () => {
    const files = {
      '10/stat': stat(10, 'x'),
      '10/status': 'Uid:\t0\t0\t0\t0\nThreads:\t1\n',
      '10/cmdline': '',
    };
    const { processes } = read(files, [10]);
    expect(processes).toEqual([
      { pid: 10, comm: 'x', uid: 0, user: 'root', threads: 1, detail: 'none', groups: [], special: [] },
    ]);
  });
});

import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProcessDetails } from '#src/sampler/process-details.ts';

/** The PSS of every process, and the duration of reading it. */
function fakeKernel(pssKib: number, waitMs = 0): void {
  vi.spyOn(files, 'readFile').mockImplementation(async () => {
    await sleep(waitMs);
    return `00400000-7fff [rollup]\nRss: 99999 kB\nPss: ${pssKib} kB\n`;
  });
  // Unlike vi.mock, this reaches a module that another test file has loaded already.
  syncBuiltinESMExports();
}

const MIB = 256;

const opened: ProcessDetails[] = [];

function open(): ProcessDetails {
  const details = new ProcessDetails(false);
  opened.push(details);
  return details;
}

afterEach(() => {
  for (const details of opened.splice(0)) details.stop();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('expensive process details', () => {
  it('are still read if the reads wait for a busy machine', async () => {
    fakeKernel(1024, 40);
    vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 100, system: 100 });
    const details = open();
    const all = [1, 2, 3].map((pid) => ({ pid, rssPages: 10 * MIB }));
    await details.refresh(all);
    await vi.waitFor(() => {
      for (const { pid } of all) expect(details.get(pid)?.pssBytes).toBe(1024 * 1024);
    });
  });

  it('are not read after their share of CPU time is used up', async () => {
    fakeKernel(1024, 40);
    vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 1_000_000, system: 0 });
    const details = open();
    await details.refresh([1, 2].map((pid) => ({ pid, rssPages: 10 * MIB })));
    await vi.waitFor(() => expect(details.get(1)?.pssBytes).toBe(1024 * 1024));
    await sleep(60);
    expect(details.get(2)?.pssBytes).toBeUndefined();
  });

  it('are not reported after the process has changed much in size', async () => {
    fakeKernel(8 * 1024);
    vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 1_000_000, system: 0 });
    vi.spyOn(process.hrtime, 'bigint').mockReturnValue(1_000_000_000n);
    const details = open();
    await details.refresh([{ pid: 1, rssPages: 10 * MIB }]);
    expect(details.get(1)?.pssBytes).toBe(8 * 1024 * 1024);
    await details.refresh([{ pid: 1, rssPages: 12 * MIB }]);
    expect(details.get(1)?.pssBytes).toBe(8 * 1024 * 1024);
    await details.refresh([{ pid: 1, rssPages: 6 * MIB }]);
    expect(details.get(1)?.pssBytes).toBeUndefined();
  });
});

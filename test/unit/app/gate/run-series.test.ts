import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SeriesPlan } from '#src/app/gate/plan.ts';
import { type RunOnce, runSeries } from '#src/app/gate/run-series.ts';
import type { RunOptions } from '#src/app/run/options.ts';
import { ProgressLine } from '#src/output/progress-line.ts';
import { makeTree } from '../../temporary-tree.ts';

const options = { command: ['/bin/sh'], env: [], outputs: {} } as unknown as RunOptions;
const plain: SeriesPlan = {
  runs: 5,
  warmup: 0,
  prepare: undefined,
  cleanup: undefined,
  dropCaches: false,
  warm: false,
};

/** A series that counts its runs. */
async function series(plan: Partial<SeriesPlan>, runOnce: RunOnce = async () => true) {
  const runs: number[] = [];
  const end = await runSeries(options, { ...plain, ...plan }, new ProgressLine(), async (each, run) => {
    runs.push(run);
    return runOnce(each, run);
  });
  return { runs, end };
}

describe('runSeries', () => {
  it('keeps the runs before a failing --prepare', async () => {
    const log = join(makeTree({}), 'log');
    const { runs, end } = await series({ prepare: `echo >> ${log}; [ $(wc -l < ${log}) -lt 4 ]` });
    expect(runs).toEqual([1, 2, 3]);
    expect(end.fault?.message).toMatch(/^--prepare .*: it ended with status 1$/);
    expect(end.cleanupFault).toBeUndefined();
  });

  it('keeps the failure of --cleanup separate from the first one', async () => {
    const { end } = await series({ prepare: 'exit 3', cleanup: 'exit 4' });
    expect(end.fault?.message).toContain('it ended with status 3');
    expect(end.cleanupFault?.message).toContain('it ended with status 4');
  });

  it('reports an internal error, and still runs --cleanup', async () => {
    const marker = join(makeTree({}), 'cleaned');
    const fault = new TypeError('fault');
    const failing = series({ cleanup: `touch ${marker}; exit 4` }, async () => {
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
    expect(existsSync(marker)).toBe(true);
  });

  it('ends on a signal while files are read, and still runs --cleanup', async () => {
    const marker = join(makeTree({}), 'cleaned');
    const before = process.listenerCount('SIGTERM');
    const running = series({ warm: true, cleanup: `touch ${marker}` });
    process.kill(process.pid, 'SIGTERM');
    const { runs, end } = await running;
    expect(runs).toEqual([]);
    expect(end.fault?.message).toBe('ended by SIGTERM before a run');
    expect(existsSync(marker)).toBe(true);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

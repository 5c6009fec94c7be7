import { describe, expect, it, vi } from 'vitest';
import { CleanUp, guardAgainstCrash, removeLeaf, withCleanUp } from '#src/app/run/clean-up.ts';
import type { Leaf } from '#src/cgroup/leaf.ts';
import type { Placement } from '#src/cgroup/placement.ts';
import { KernelFileError } from '#src/errors.ts';
import { required } from '../../../required.ts';

/** A placement that records its steps, one of which may fail. */
function placementThat(
  fails?: string,
  error: unknown = new KernelFileError('rmdir', '/leaf', 'cannot remove /leaf: busy'),
) {
  const steps: string[] = [];
  const step = async (name: string) => {
    steps.push(name);
    if (name === fails) throw error;
  };
  const leaf = { kill: () => step('kill'), remove: () => step('remove') } as unknown as Leaf;
  const placement: Placement = {
    kind: 'top',
    leaf,
    reason: '',
    rejected: [],
    removedStale: [],
    callerLimits: [],
    escaped: [],
    release: () => step('release'),
  };
  return { steps, placement };
}

describe('removeLeaf', () => {
  it('kills, removes, and then reverts the placement', async () => {
    const { steps, placement } = placementThat();
    const warn = vi.fn();
    await removeLeaf(placement, { warn });
    expect(steps).toEqual(['kill', 'remove', 'release']);
    expect(warn).not.toHaveBeenCalled();
  });

  it('releases the placement also without a leaf', async () => {
    const { steps, placement } = placementThat();
    await removeLeaf({ ...placement, leaf: undefined }, { warn: () => {} });
    expect(steps).toEqual(['release']);
  });

  it('reports what could not be removed, and does not throw, to keep an earlier failure visible', async () => {
    const warn = vi.fn();
    await removeLeaf(placementThat('remove').placement, { warn });
    expect(warn.mock.calls).toEqual([
      ['clean-up failed: cannot remove /leaf: busy; the next run removes the cgroup'],
    ]);
  });

  it('reports the failure of a system call that no layer has described', async () => {
    const warn = vi.fn();
    const fault = Object.assign(new Error("EIO: i/o error, scandir '/leaf'"), { code: 'EIO' });
    await removeLeaf(placementThat('kill', fault).placement, { warn });
    expect(warn.mock.calls).toEqual([
      ["clean-up failed: EIO: i/o error, scandir '/leaf'; the next run removes the cgroup"],
    ]);
  });

  it('leaves a cgroup whose processes do not exit, and reports that', async () => {
    const { steps, placement } = placementThat();
    const isOver = vi.fn((): boolean => true);
    const leaf = {
      directory: '/leaf',
      kill: async (until: () => boolean) => (until() ? [41, 42] : []),
      remove: async () => void steps.push('remove'),
    } as unknown as Leaf;
    const warn = vi.fn();
    const exits = {
      begin: () => void steps.push('begin'),
      get isOver() {
        return isOver();
      },
    };
    await removeLeaf({ ...placement, leaf }, { warn }, exits);
    expect(steps).toEqual(['begin']);
    expect(isOver).toHaveBeenCalledOnce();
    expect(warn.mock.calls).toEqual([
      ['the cgroup /leaf stays, with processes 41, 42; a run after their end removes it'],
    ]);
  });

  it('propagates an internal error', async () => {
    const fault = new TypeError('fault');
    await expect(removeLeaf(placementThat('kill', fault).placement, { warn: () => {} })).rejects.toThrow(
      fault,
    );
  });
});

describe('CleanUp', () => {
  const stepsOf = () => {
    const done: string[] = [];
    const step = (name: string, error?: Error) => async () => {
      done.push(name);
      if (error !== undefined) throw error;
    };
    return { done, step };
  };

  it('undoes the steps in reverse order, each once', async () => {
    const { done, step } = stepsOf();
    const cleanUp = new CleanUp();
    for (const name of ['outputs', 'view', 'leaf']) cleanUp.defer(step(name));
    await cleanUp.run();
    await cleanUp.run();
    expect(done).toEqual(['leaf', 'view', 'outputs']);
  });

  it('runs every step, also after a failing one, and reports the first failure', async () => {
    const { done, step } = stepsOf();
    const run = withCleanUp(async (cleanUp) => {
      cleanUp.defer(step('outputs'));
      cleanUp.defer(step('view', new Error('second')));
      cleanUp.defer(step('leaf', new Error('first')));
      return 'done';
    });
    await expect(run).rejects.toThrow('first');
    expect(done).toEqual(['leaf', 'view', 'outputs']);
  });

  it('never hides a failure of the job', async () => {
    const { done, step } = stepsOf();
    const run = withCleanUp(async (cleanUp) => {
      cleanUp.defer(step('outputs', new Error('of the clean-up')));
      throw new Error('of the job');
    });
    await expect(run).rejects.toThrow('of the job');
    expect(done).toEqual(['outputs']);
  });

  it('returns the result of the job when all steps are undone', async () => {
    const { done, step } = stepsOf();
    const result = await withCleanUp(async (cleanUp) => {
      cleanUp.defer(step('outputs'));
      return done.length;
    });
    expect(result).toBe(0);
    expect(done).toEqual(['outputs']);
  });
});

describe('guardAgainstCrash', () => {
  it('handles the exit of the process until it is released', () => {
    const before = process.listenerCount('exit');
    const guard = guardAgainstCrash(undefined);
    expect(process.listenerCount('exit')).toBe(before + 1);
    guard.release();
    expect(process.listenerCount('exit')).toBe(before);
  });

  it('kills and removes the leaf at exit, and throws nothing', () => {
    const killOnce = vi.fn();
    const removeOnce = vi.fn(() => {
      throw new KernelFileError('rmdir', '/leaf', 'busy');
    });
    const before = process.listeners('exit');
    const guard = guardAgainstCrash({ killOnce, removeOnce } as unknown as Leaf);
    const [onExit] = process.listeners('exit').filter((each) => !before.includes(each));
    expect(() => required(onExit)(0)).not.toThrow();
    expect(killOnce).toHaveBeenCalledTimes(1);
    expect(removeOnce).toHaveBeenCalledTimes(1);
    guard.release();
  });
});

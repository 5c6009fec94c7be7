import { expect, it } from 'vitest';
import { AttachedMoves, type MoveParts } from '#src/app/run/attached/cgroup-moves.ts';
import type { MeasuredCgroup } from '#src/cgroup/foreign-cgroup.ts';
import type { AttachedTo } from '#src/model/restarts.ts';

/** Moves between cgroups whose steps are recorded, with the events that are emitted. */
function makeMoves({ path = '/b', ...changes }: Partial<MoveParts> & { path?: string } = {}) {
  const steps: string[] = [];
  const attachedTo = (cgroup: string): AttachedTo => ({ target: 'unit:web', cgroup, peakSince: 'creation' });
  const segments: { attached: AttachedTo | undefined } = { attached: attachedTo('/a') };
  const moves = new AttachedMoves({
    attachment: { cgroup: { directory: path } as MeasuredCgroup },
    segments,
    elapsedMs: () => 7,
    emit: (record) => {
      if (record.type === 'event') steps.push(`${record.event} ${record.cgroup}: ${record.message}`);
    },
    end: async () => void steps.push('end'),
    open: async ({ directory }) => {
      steps.push(`open ${directory}`);
      segments.attached = attachedTo(directory);
      return true;
    },
    start: async () => void steps.push('start'),
    ...changes,
  });
  return { moves, steps };
}

it('ends the cgroup before, opens the next one, and reports that before its first sample', async () => {
  const { moves, steps } = makeMoves();
  expect(await moves.enter('/a')).toBe(true);
  expect(steps).toEqual([
    'end',
    'open /b',
    'followed /b: unit:web is in /b now: counters and growth start again',
    'start',
  ]);
});

it('ends a cgroup once that is left before the next one is there', async () => {
  const { moves, steps } = makeMoves({ path: '/a' });
  await moves.leave('/a was removed');
  await moves.leave('/a was removed');
  await moves.enter('/a');
  expect(steps).toEqual([
    'end',
    'waiting /a: /a was removed',
    'open /a',
    'followed /a: unit:web is in a new cgroup of the same path now: counters and growth start again',
    'start',
  ]);
});

it('stays away where the next cgroup is gone already', async () => {
  let isGone = true;
  const { moves, steps } = makeMoves({ open: async () => !isGone });
  expect(await moves.enter('/a')).toBe(false);
  expect(steps).toEqual(['end']);
  isGone = false;
  expect(await moves.enter('/a')).toBe(true);
  expect(steps.filter((step) => step === 'end')).toHaveLength(1);
});

it('takes one step at a time, and none after the end', async () => {
  let endFirst = () => {};
  const { moves, steps } = makeMoves({
    end: () =>
      new Promise((resolve) => {
        endFirst = resolve;
      }),
  });
  const entered = moves.enter('/a');
  const left = moves.leave('/b was removed');
  await new Promise((done) => setImmediate(done));
  const stopped = moves.stop();
  endFirst();
  await Promise.all([stopped, left]);
  expect(await entered).toBe(true);
  expect(await moves.enter('/b')).toBe(false);
  expect(steps.filter((step) => step.startsWith('waiting'))).toEqual([]);
});

it('continues after a step that has failed', async () => {
  let isFailing = true;
  const { moves } = makeMoves({
    start: async () => {
      if (isFailing) throw new Error('EIO');
    },
  });
  await expect(moves.enter('/a')).rejects.toThrow('EIO');
  isFailing = false;
  expect(await moves.enter('/b')).toBe(true);
});

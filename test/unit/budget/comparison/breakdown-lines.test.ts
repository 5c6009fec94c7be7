import { expect, it } from 'vitest';
import { breakdownOf } from '#src/budget/comparison/breakdown-lines.ts';
import type { Sample } from '#src/model/sample.ts';

const sample: Sample = {
  type: 'sample',
  elapsedMs: 0,
  reason: 'tick',
  current: 100,
  kernel: 40,
  stat: { anon: 30, file: 30, shmem: 5, kernel_stack: 10, slab: 8, pgfault: 7 },
};

it('splits kernel into parts that add up to it', () => {
  const lines = breakdownOf(sample);
  expect(lines.map(({ id }) => id)).toEqual([
    'current',
    'anon',
    'file',
    'shmem',
    'kernel',
    'kernel_stack',
    'slab',
    'unexplained',
  ]);
  const bytesOf = (id: string) => lines.find((line) => line.id === id)?.bytes ?? 0;
  expect(bytesOf('kernel_stack') + bytesOf('slab') + bytesOf('unexplained')).toBe(bytesOf('kernel'));
});

it('uses the breakdown of a summary, which includes BPF memory of another sample', () => {
  const terms = [{ id: 'bpf maps', bytes: 40, source: '' }];
  const lines = breakdownOf(sample, { kernel: 40, terms, notes: [] });
  expect(lines.slice(4)).toEqual([
    { id: 'kernel', bytes: 40 },
    { id: 'bpf maps', bytes: 40 },
  ]);
});

/**
 * The composition of a run's memory at one time, as lines that can be compared.
 */
import { figureOf } from '../../model/figures.ts';
import { breakKernelDown, type KernelBreakdown } from '../../model/kernel-breakdown.ts';
import type { Sample } from '../../model/sample.ts';
import type { BreakdownLine } from '../../model/verdict.ts';

/**
 * The figures in display order; the terms of the kernel breakdown follow `kernel` with their own ids.
 */
const SHOWN_FIGURES = ['current', 'anon', 'file', 'shmem', 'kernel', 'sock', 'swap', 'rss', 'pss'] as const;

/**
 * The lines of a sample. `current` is the total; `shmem` is part of `file`, and the lines after `kernel` up
 * to `unexplained` are parts of it. The kernel breakdown comes from `breakdown`, by default from the sample's
 * own reading of BPF memory.
 */
export function breakdownOf(
  sample: Sample,
  breakdown: KernelBreakdown | undefined = breakKernelDown(sample, sample.bpf),
): BreakdownLine[] {
  return SHOWN_FIGURES.flatMap((id) => {
    const bytes = figureOf(sample, id);
    if (bytes === undefined) return [];
    const terms = id === 'kernel' ? (breakdown?.terms ?? []) : [];
    return [{ id, bytes }, ...terms.map((term) => ({ id: term.id, bytes: term.bytes }))];
  });
}

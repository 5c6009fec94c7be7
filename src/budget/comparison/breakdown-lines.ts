/**
 * What the memory of a run consists of at one moment, line by line: beside each other these can be compared.
 */
import { figureOf } from '../../model/figures.ts';
import { breakKernelDown, type KernelBreakdown } from '../../model/kernel-breakdown.ts';
import type { Sample } from '../../model/sample.ts';
import type { BreakdownLine } from '../../model/verdict.ts';

/**
 * The figures in the order in which they are read; the terms of the kernel breakdown follow `kernel` by their
 * own ids.
 */
const FIGURES_SHOWN = ['current', 'anon', 'file', 'shmem', 'kernel', 'sock', 'swap', 'rss', 'pss'] as const;

/**
 * The lines of a sample. `current` is the whole; `shmem` is part of `file`, and what follows `kernel` up to
 * `unexplained` is part of it. `kernel` taken apart comes from `breakdown`, by default from the sample's own
 * reading of BPF memory.
 */
export function breakdownOf(
  sample: Sample,
  breakdown: KernelBreakdown | undefined = breakKernelDown(sample, sample.bpf),
): BreakdownLine[] {
  return FIGURES_SHOWN.flatMap((id) => {
    const bytes = figureOf(sample, id);
    if (bytes === undefined) return [];
    const terms = id === 'kernel' ? (breakdown?.terms ?? []) : [];
    return [{ id, bytes }, ...terms.map((term) => ({ id: term.id, bytes: term.bytes }))];
  });
}

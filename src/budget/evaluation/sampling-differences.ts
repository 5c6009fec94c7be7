/** Whether a run was sampled as the budget file says. */
import type { SamplingIntervals } from '../../format/intervals.ts';
import { formatDuration } from '../../format/units.ts';
import type { StartRecord } from '../../model/recording.ts';

const OPTIONS: Readonly<Record<keyof SamplingIntervals, string>> = {
  intervalMs: '--interval',
  bpfIntervalMs: '--bpf-interval',
  processIntervalMs: '--process-interval',
};

/** One remark for each interval that differs from the file: values may differ then too. */
export function samplingDifferences(start: StartRecord, file: Partial<SamplingIntervals>): string[] {
  return (Object.keys(OPTIONS) as (keyof SamplingIntervals)[]).flatMap((key) => {
    const [expected, actual] = [file[key], start[key] ?? 0];
    if (expected === undefined || expected === actual) return [];
    return `the run was sampled with ${OPTIONS[key]} ${format(actual)}, the budget file says ${format(expected)}`;
  });
}

function format(ms: number): string {
  return ms === 0 ? '0' : formatDuration(ms);
}

/** Synthetic runs with round figures. */
import { RunCollector, type RunFigures, type RunHost } from '#src/budget/comparison/run-figures.ts';
import type { RecordLine } from '#src/model/recording.ts';

/** The unit of most figures. */
export const MIB = 1024 * 1024;

/** A machine with 2 CPUs. */
export const HOST: RunHost = {
  kernel: '6.12.0',
  arch: 'x64',
  cpus: 2,
  possibleCpus: 4,
  pageSizeBytes: 4096,
};

/** One run with these metrics. */
export function run(metrics: Record<string, number>, more: Partial<RunFigures> = {}): RunFigures {
  return {
    cmemstat: '0.1.0',
    time: '2026-01-02T03:04:05.678Z',
    command: ['make', '-j2'],
    mode: 'cgroup2',
    host: HOST,
    status: 0,
    metrics,
    ...more,
  };
}

/** A run for each value of one metric. */
export function runsOf(
  metric: string,
  values: readonly number[],
  more: Partial<RunFigures> = {},
): RunFigures[] {
  return values.map((value) => run({ [metric]: value }, more));
}

/** The figures of the first run in a recording. */
export function figuresOfRecords(records: readonly RecordLine[]): RunFigures | undefined {
  const collector = new RunCollector();
  for (const record of records) collector.add(record);
  return collector.finish()[0];
}

/** Where the figures of a run do not continue: `cmemstat attach --follow`. */
import type { EventRecord } from './recording.ts';

/** Whether the samples after an event are of another cgroup than those before it. */
export function isCut({ event }: Pick<EventRecord, 'event'>): boolean {
  return event === 'waiting' || event === 'followed';
}

/** The sums of counters by name; undefined if neither side has any. */
export function addCounts(
  left: Readonly<Record<string, number>> | undefined,
  right: Readonly<Record<string, number>> | undefined,
): Record<string, number> | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const sums: Record<string, number> = { ...left };
  for (const [name, count] of Object.entries(right)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

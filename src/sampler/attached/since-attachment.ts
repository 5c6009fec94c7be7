/** The counters of a cgroup that existed before it was measured, from that moment on. */
import { unitOfMetric } from '../../model/figures.ts';
import type { EventCounts } from '../event-watch.ts';
import type { FigureReader, Figures } from '../figure-reader.ts';

type Counts = Record<string, number>;

/**
 * Subtracts what was counted before the first reading: events, waiting times, and the counters in
 * memory.stat. Sizes are left as they are.
 */
export class SinceAttachment {
  #first: Figures | undefined;

  /** A reader whose counters start with its first reading. */
  wrap(reader: FigureReader): FigureReader {
    return {
      ...reader,
      read: async () => {
        const figures = await reader.read();
        this.#first ??= figures;
        return this.#subtract(figures, this.#first);
      },
    };
  }

  /** Counters that were read in between; undefined before the first reading. */
  subtractEvents({ events, local }: EventCounts): EventCounts | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    return { events: less(events, first.events), local: less(local, first.eventsLocal) };
  }

  #subtract(figures: Figures, first: Figures): Figures {
    const { stat, events, eventsLocal, pressure, ...rest } = figures;
    return {
      ...rest,
      ...(stat === undefined ? {} : { stat: less(stat, first.stat, isCounter) }),
      ...(events === undefined ? {} : { events: less(events, first.events) }),
      ...(eventsLocal === undefined ? {} : { eventsLocal: less(eventsLocal, first.eventsLocal) }),
      ...(pressure === undefined ? {} : { pressure: pressureSince(pressure, first.pressure) }),
    };
  }
}

function isCounter(name: string): boolean {
  return unitOfMetric(name) !== 'bytes';
}

function less<T extends Counts | undefined>(
  counts: T,
  first: Counts | undefined,
  isMeant: (name: string) => boolean = () => true,
): T {
  if (counts === undefined || first === undefined) return counts;
  const since = Object.entries(counts).map(([name, count]) => [
    name,
    isMeant(name) ? Math.max(0, count - (first[name] ?? 0)) : count,
  ]);
  return Object.fromEntries(since) as T;
}

type Pressure = NonNullable<Figures['pressure']>;

function pressureSince(pressure: Pressure, first: Figures['pressure']): Pressure {
  const since: Pressure = { ...pressure };
  for (const kind of ['some', 'full'] as const) {
    const line = pressure[kind];
    if (line !== undefined) since[kind] = { ...line, total: line.total - (first?.[kind]?.total ?? 0) };
  }
  return since;
}

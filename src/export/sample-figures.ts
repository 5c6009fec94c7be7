/** The figures of a sample, one by one, under their names. */
import type { PressureLine } from '../kernel/cgroup2/pressure.ts';
import type { Limit } from '../kernel/limit.ts';
import type { BpfCount, BpfSize, BpfTotals } from '../model/bpf-totals.ts';
import type { Sample } from '../model/sample.ts';
import { FAMILIES, type Labels, type Metric, memoryMetric, metric, statMetric } from './metric-names.ts';

/** Receives a figure as it was recorded; `Infinity` for no limit. */
export type OnFigure = (metric: Metric, value: number) => void;

/** A recording with more different figures is none of ours. */
export const MAX_FIGURES = 10_000;

const PRESSURE_WINDOWS = [
  ['avg10', '10s'],
  ['avg60', '60s'],
  ['avg300', '300s'],
] as const;

/** Passes on figures; a metric is the same object each time. */
export class SampleFigures {
  readonly #metrics = new Map<string, Metric>();
  readonly #stat = new Map<string, Metric>();

  /**
   * Passes on each figure that the sample has.
   * @throws RangeError if there are more than {@link MAX_FIGURES} different ones so far.
   */
  of(sample: Sample, onFigure: OnFigure): void {
    const { swap, zswap, limits, maxima, tree, bpf } = sample;
    const emit = (key: string, value: number | undefined, make: () => Metric) => {
      if (value !== undefined) onFigure(this.#metric(key, make), value);
    };
    const sizes: Record<string, number | undefined> = {
      current: sample.current,
      workingset: sample.workingset,
      kernel: sample.kernel,
      swap: swap?.current,
      zswap: zswap?.current,
      rss: tree?.rss,
      pss: tree?.pss,
    };
    for (const [kind, bytes] of entries(sizes)) emit(`memory ${kind}`, bytes, () => memoryMetric(kind));
    const stat = sample.stat ?? {};
    for (const key of Object.keys(stat)) {
      const value = stat[key] ?? 0;
      // Some keys of memory.stat are figures of their own, too, and equal to these.
      const isKnown = Object.hasOwn(sizes, key) && sizes[key] !== undefined;
      // Most figures are of this kind: without a new string for each.
      const known = this.#stat.get(key);
      if (known !== undefined && !isKnown) onFigure(known, value);
      else if (!isKnown) {
        const metric = this.#metric(`stat ${key}`, () => statMetric(key));
        this.#stat.set(key, metric);
        onFigure(metric, value);
      }
    }
    emit('peak', sample.peak, () => peakMetric('current'));
    emit('peak swap', swap?.peak, () => peakMetric('swap'));
    for (const [key, value] of entries(maxima?.bytes)) emit(`max ${key}`, value, () => intervalMax(key));
    emit('unseen', maxima?.unseenBytes, () => metric({ family: FAMILIES.memoryUnseen }));
    emit('readings', maxima?.readings, () => readings('sizes'));
    emit('readings bpf', maxima?.bpfReadings, () => readings('bpf'));
    emit('gap', maxima?.longestGapMs, () => metric({ family: FAMILIES.readingGap, exponent: -3 }));
    for (const [kind, limit] of entries<Limit | undefined>({ ...limits })) {
      emit(`limit ${kind}`, limitOf(limit), () => limitMetric(kind));
    }
    for (const [event, count] of entries(sample.events)) {
      emit(`event ${event}`, count, () => eventMetric(FAMILIES.memoryEvents, 'events', event));
    }
    for (const [event, count] of entries(sample.eventsLocal)) {
      emit(`local ${event}`, count, () => eventMetric(FAMILIES.memoryEventsLocal, 'events_local', event));
    }
    for (const kind of ['some', 'full'] as const) this.#pressure(kind, sample.pressure?.[kind], emit);
    emit('processes', sample.processes, () => metric({ family: FAMILIES.processes }));
    emit('nested', sample.nestedCgroups, () => metric({ family: FAMILIES.nestedCgroups }));
    emit('cpu', tree?.cpuPercent, () => metric({ family: FAMILIES.treeCpu, exponent: -2 }));
    if (bpf !== undefined) this.#bpf(bpf, emit);
  }

  #pressure(kind: string, line: PressureLine | undefined, emit: Emit): void {
    const labels = { kind };
    emit(`stall ${kind}`, line?.total, () =>
      metric({ family: FAMILIES.memoryStall, labels, field: `stall_${kind}`, exponent: -6 }),
    );
    for (const [key, window] of PRESSURE_WINDOWS) {
      emit(`stall ${kind} ${key}`, line?.[key], () =>
        metric({
          family: FAMILIES.memoryStallShare,
          labels: { kind, window },
          field: `stall_${kind}_${key}`,
          exponent: -2,
        }),
      );
    }
  }

  #bpf({ charged, uncharged, heldElsewhere, orphaned, anonymous, host, held }: BpfTotals, emit: Emit): void {
    const size = (scope: string, objects: string, figures: BpfSize | undefined) => {
      const parts = bpfParts(scope, objects);
      const key = `bpf ${scope} ${objects}`;
      emit(`${key} bytes`, figures?.bytes, () => metric({ family: FAMILIES.bpf, ...parts }));
      emit(`${key} count`, figures?.count, () => bpfCount(parts));
      const isAtLeast = figures?.atLeast === true ? 1 : undefined;
      emit(`${key} at least`, isAtLeast, () =>
        metric({ family: FAMILIES.bpfAtLeast, ...parts, field: `${parts.field}_at_least` }),
      );
    };
    const count = (scope: string, objects: string, figures: BpfCount | undefined) => {
      const parts = bpfParts(scope, objects);
      const key = `bpf ${scope} ${objects}`;
      emit(`${key} memlock`, figures?.memlock, () =>
        metric({ family: FAMILIES.bpfMemlock, ...parts, field: `${parts.field}_memlock` }),
      );
      emit(`${key} count`, figures?.count, () => bpfCount(parts));
    };
    size('charged', 'maps', charged?.maps);
    size('charged', 'programs', charged?.programs);
    for (const [place, bytes] of entries<number>({ ...charged?.places })) {
      emit(`bpf place ${place}`, bytes, () =>
        metric({ family: FAMILIES.bpfPlace, labels: { place }, field: `bpf_in_${place}` }),
      );
    }
    size('uncharged', 'maps', uncharged?.maps);
    size('held_elsewhere', 'maps', heldElsewhere?.maps);
    size('orphaned', 'maps', orphaned?.maps);
    size('anonymous', 'maps', anonymous?.maps);
    for (const objects of ['maps', 'programs'] as const) {
      count('host', objects, host?.[objects]);
      count('held', objects, held?.[objects]);
    }
  }

  #metric(key: string, make: () => Metric): Metric {
    const known = this.#metrics.get(key);
    if (known !== undefined) return known;
    if (this.#metrics.size === MAX_FIGURES)
      throw new RangeError(`more than ${MAX_FIGURES} different figures`);
    const created = make();
    this.#metrics.set(key, created);
    return created;
  }
}

type Emit = (key: string, value: number | undefined, make: () => Metric) => void;

function entries<T>(record: { readonly [key: string]: T } | undefined): [string, T][] {
  return record === undefined ? [] : Object.entries(record);
}

function limitOf(limit: Limit | undefined): number | undefined {
  return limit === 'max' ? Number.POSITIVE_INFINITY : limit;
}

function peakMetric(kind: string): Metric {
  const field = kind === 'current' ? 'peak' : `${kind}_peak`;
  return metric({ family: FAMILIES.memoryPeak, labels: { kind }, field });
}

/** `bpf.maps` as `bpf_maps`. */
function intervalMax(kind: string): Metric {
  const field = `${kind.replaceAll('.', '_')}_interval_max`;
  return metric({ family: FAMILIES.memoryIntervalMax, labels: { kind }, field });
}

function readings(of: string): Metric {
  return metric({
    family: FAMILIES.readings,
    labels: { of },
    field: of === 'bpf' ? 'bpf_readings' : 'readings',
  });
}

/** The keys of the limits, as the files of cgroup v2 spell them. */
const LIMIT_KINDS: Readonly<Record<string, string>> = {
  swapMax: 'swap_max',
  zswapMax: 'zswap_max',
  'memsw.limit_in_bytes': 'memsw',
};

function limitMetric(key: string): Metric {
  if (key === 'pidsMax') return metric({ family: FAMILIES.processesLimit });
  const kind = LIMIT_KINDS[key] ?? key;
  return metric({ family: FAMILIES.memoryLimit, labels: { kind }, field: `limit_${kind}` });
}

function eventMetric(family: Metric['family'], prefix: string, event: string): Metric {
  return metric({ family, labels: { event }, field: `${prefix}_${event}` });
}

function bpfParts(scope: string, objects: string): { labels: Labels; field: string } {
  return { labels: { scope, objects }, field: `bpf_${scope}_${objects}` };
}

function bpfCount({ labels, field }: { labels: Labels; field: string }): Metric {
  return metric({ family: FAMILIES.bpfObjects, labels, field: `${field}_count` });
}

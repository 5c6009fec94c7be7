/** One collection of all figures, as a document has them. */
import { release } from 'node:os';
import type { CgroupLabels } from '../../../cgroup/resolve/cgroup-labels.ts';
import { ToolError } from '../../../errors.ts';
import { EXPOSED } from '../../../export/exporter-names.ts';
import { FigureSet } from '../../../export/exposition.ts';
import { formatLabels } from '../../../export/metric-labels.ts';
import { adviseOnMaps } from '../../../model/bpf-advice.ts';
import type {
  AbsentFigure,
  CgroupDetails,
  HostCgroup,
  HostReading,
} from '../../../model/host/host-cgroups.ts';
import { whyNotCounted } from '../../../sampler/host/absent-reasons.ts';
import type { HostReader } from '../../../sampler/host/host-reader.ts';
import { MapPeaks } from '../../maps/map-peaks.ts';
import { CADVISOR_SERIES, FIRST_SERIES } from './cgroup-figures.ts';
import { GroupSeries } from './group-series.ts';
import { addEnd, addHost, addOwn, END_SERIES } from './host-figures.ts';
import { type Reclaimable, reclaimableByName } from './map-names.ts';
import { CgroupNaming } from './named-cgroups.ts';

/** The series that a node may have beyond those of its containers, unless a limit is given. */
const NODE_SERIES = 100;

/** How often it is read which processes hold maps, and what could be saved. Unit: milliseconds. */
const HELD_EVERY_MS = 10_000;
const ADVICE_EVERY_MS = 60_000;

/** How often maps are tried again that could not be read. Unit: milliseconds. */
const RETRY_MS = 5 * 60_000;

/** What can fail. */
type Source = 'cgroups' | 'bpf' | 'names' | 'explain' | 'web_config';

/** Why a figure is in no document. */
export type AbsentReason = Omit<AbsentFigure, 'figure'> & { figure: string };

/** The figures of one moment. */
export interface Collection {
  readonly figures: FigureSet;
  readonly absent: readonly AbsentReason[];
  /** Why the cgroups could not be read; undefined if they could. */
  readonly failure: string | undefined;
}

/** What to collect, and from what. */
export interface CollectorOptions {
  readonly reader: HostReader;
  readonly cgroupVersion: 1 | 2;
  readonly names: CgroupLabels;
  /** Only cgroups whose name or path it accepts. */
  readonly matches?: ((text: string) => boolean) | undefined;
  /** In place of 100 and three for each container. */
  readonly maxSeries?: number | undefined;
  readonly withCadvisorNames: boolean;
  /** Sizes by class, as of the last scan; undefined before the first one. */
  readonly explained?: (() => ReadonlyMap<string, number> | undefined) | undefined;
  /** Whether failures to read a web config file are counted. */
  readonly readsWebConfig?: boolean;
  /** The number of pushed documents by what became of them. */
  readonly pushes?: (() => Readonly<Record<string, number>>) | undefined;
  /** Monotonic. Unit: milliseconds. */
  readonly now: () => number;
}

/** Collects, repeatedly; keeps no more than what is on the host. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #naming: CgroupNaming;
  readonly #series: GroupSeries;
  readonly #peaks = new MapPeaks();
  readonly #startSeconds = Date.now() / 1000 - process.uptime();
  readonly #errors: Partial<Record<Source, number>>;
  #hadMaps = false;
  #triedMs: number | undefined;
  #elsewhere: { atMs: number; byId: ReadonlyMap<bigint, number> | undefined } | undefined;
  #advice: { atMs: number; byName: ReadonlyMap<string, readonly Reclaimable[]> } | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#naming = new CgroupNaming(options.names, options.matches);
    this.#series = new GroupSeries(options);
    const { readsWebConfig = false } = options;
    this.#errors = { cgroups: 0, bpf: 0, names: 0, explain: 0, ...(readsWebConfig ? { web_config: 0 } : {}) };
  }

  /** Counts a failure of what runs beside the collections. */
  countError(source: Source): void {
    this.#errors[source] = (this.#errors[source] ?? 0) + 1;
  }

  /** Reads everything. @throws only errors other than ToolError. */
  async collect(): Promise<Collection> {
    const { reader, now } = this.#options;
    const startMs = now();
    this.#triedMs ??= startMs;
    if (startMs - this.#triedMs >= RETRY_MS) {
      this.#triedMs = startMs;
      await reader.retryBpf();
    }
    const figures = new FigureSet();
    let reading: HostReading;
    try {
      reading = reader.read();
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.countError('cgroups');
      const { message: reason, hint } = error;
      const absent = [{ figure: 'cgroups', reason, ...(hint === undefined ? {} : { hint }) }];
      this.#addOwn(figures, absent, 0);
      addEnd(figures, { limit: this.#limit(0), cut: 0, seconds: (now() - startMs) / 1000 });
      return { figures, absent, failure: reason };
    }
    if (reading.maps !== undefined) this.#hadMaps = true;
    else if (this.#hadMaps) this.countError('bpf');
    const { groups, unnamed } = await this.#naming.group(reading.cgroups, startMs);
    addHost(figures, reading);
    this.#addExplained(figures);
    const elsewhere = this.#readElsewhere(startMs);
    const reclaimable = this.#readAdvice(reading, startMs);
    const first = groups[0]?.cgroups[0];
    const absent: AbsentReason[] = [...reading.absent];
    const readDetails = this.#detailsReader();
    if (first !== undefined && readDetails(first).stall === undefined) {
      absent.push({ figure: 'pressure', reason: whyNotCounted('pressure', reading.version) });
    }
    if (elsewhere === undefined && reading.maps !== undefined) {
      absent.push({ figure: 'held_elsewhere', reason: 'the holders of BPF maps cannot be read' });
    }
    this.#addOwn(figures, absent, unnamed);
    const limit = this.#limit(groups.filter(({ kind }) => kind === 'container').length);
    figures.max = limit - END_SERIES;
    const cut = this.#series.add(
      figures,
      { groups, maps: reading.maps, reclaimable, elsewhere, readDetails },
      limit - figures.size - END_SERIES,
    );
    figures.max = limit;
    addEnd(figures, { limit, cut: cut + figures.refused, seconds: (now() - startMs) / 1000 });
    return { figures, absent, failure: undefined };
  }

  #limit(containers: number): number {
    const { maxSeries, withCadvisorNames } = this.#options;
    const each = FIRST_SERIES + (withCadvisorNames ? CADVISOR_SERIES : 0);
    return maxSeries ?? NODE_SERIES + each * containers;
  }

  #addOwn(figures: FigureSet, absent: readonly AbsentReason[], unnamed: number): void {
    for (const [result, count] of Object.entries(this.#options.pushes?.() ?? {})) {
      figures.add(EXPOSED.pushes, formatLabels({ result }), count);
    }
    const { user, system } = process.cpuUsage();
    addOwn(figures, {
      cgroupVersion: this.#options.cgroupVersion,
      kernel: release(),
      unnamed,
      absent: absent.map(({ figure }) => figure),
      errors: this.#errors,
      startSeconds: this.#startSeconds,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    });
  }

  #addExplained(figures: FigureSet): void {
    for (const [name, bytes] of this.#options.explained?.() ?? []) {
      figures.add(EXPOSED.explained, formatLabels({ class: name }), bytes);
    }
  }

  /** Reads the details of a cgroup at most once; none are known of one whose files cannot be read. */
  #detailsReader(): (cgroup: HostCgroup) => CgroupDetails {
    const known = new Map<HostCgroup, CgroupDetails>();
    const read = (cgroup: HostCgroup): CgroupDetails => {
      try {
        return this.#options.reader.readDetails(cgroup);
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        this.countError('cgroups');
        return {};
      }
    };
    return (cgroup) => {
      const details = known.get(cgroup) ?? read(cgroup);
      known.set(cgroup, details);
      return details;
    };
  }

  #readElsewhere(nowMs: number): ReadonlyMap<bigint, number> | undefined {
    if (this.#elsewhere !== undefined && nowMs - this.#elsewhere.atMs < HELD_EVERY_MS) {
      return this.#elsewhere.byId;
    }
    let byId: ReadonlyMap<bigint, number> | undefined;
    try {
      const sums = this.#options.reader.heldElsewhere();
      byId = sums && new Map(Array.from(sums, ([{ id }, bytes]) => [id, bytes]));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.countError('bpf');
    }
    this.#elsewhere = { atMs: nowMs, byId };
    return byId;
  }

  #readAdvice({ maps = [] }: HostReading, nowMs: number): ReadonlyMap<string, readonly Reclaimable[]> {
    this.#peaks.add(maps);
    if (this.#advice === undefined || nowMs - this.#advice.atMs >= ADVICE_EVERY_MS) {
      const advice = adviseOnMaps(this.#peaks.of(maps), this.#options.reader.computeCost);
      this.#advice = { atMs: nowMs, byName: reclaimableByName(advice) };
    }
    return this.#advice.byName;
  }
}

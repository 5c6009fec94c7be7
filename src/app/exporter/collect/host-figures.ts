/** The figures of the host and of the exporter itself as series. */
import { arch } from 'node:os';
import { EXPOSED } from '../../../export/exporter-names.ts';
import type { FigureSet } from '../../../export/exposition.ts';
import { formatLabels } from '../../../export/metric-labels.ts';
import { type HostReading, UNCHARGED_PARTS } from '../../../model/host/host-cgroups.ts';
import { VERSION } from '../../../version.ts';

const ROOT_KINDS = ['anon', 'file', 'shmem', 'kernel', 'slab', 'sock', 'swap'] as const;

/** Adds the sizes of the host: what is not known is left out. */
export function addHost(figures: FigureSet, reading: HostReading): void {
  const { totals, uncharged, removedCgroups } = reading;
  const root = reading.cgroups[0].figures;
  const add = (kind: string, bytes: number | undefined) =>
    figures.add(EXPOSED.hostMemory, `kind="${kind}"`, bytes);
  // The root of a container has no figures of the host.
  if (totals !== undefined) {
    add('total', totals.total);
    add('free', totals.free);
    add('available', totals.available);
    add('charged', root.current);
    add('uncharged', uncharged?.bytes);
    for (const kind of ROOT_KINDS) add(kind, root[kind]);
  }
  for (const part of UNCHARGED_PARTS) {
    figures.add(EXPOSED.hostUncharged, `kind="${part}"`, uncharged?.parts[part]);
  }
  if (totals !== undefined) addHostBpf(figures, root);
  figures.add(EXPOSED.hostRemoved, '', removedCgroups);
}

function addHostBpf(figures: FigureSet, root: HostReading['cgroups'][0]['figures']): void {
  const scopes = [
    ['charged', root.bpf],
    ['uncharged', root.bpfUncharged],
    ['orphaned', root.orphaned],
  ] as const;
  for (const [scope, bytes] of scopes) {
    figures.add(EXPOSED.hostBpf, `scope="${scope}",objects="maps"`, bytes);
  }
}

/** The figures of the exporter itself. */
export interface OwnFigures {
  readonly cgroupVersion: 1 | 2;
  readonly kernel: string;
  readonly unnamed: number;
  /** Names of figures that cannot be read. */
  readonly absent: readonly string[];
  readonly errors: Readonly<Record<string, number>>;
  readonly startSeconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Adds the figures of the exporter itself, except those that are only known at the end: see `addEnd`. */
export function addOwn(figures: FigureSet, own: OwnFigures): void {
  const { cgroupVersion, kernel, unnamed, absent, errors } = own;
  const build = { version: VERSION, kernel, arch: arch(), cgroup_version: String(cgroupVersion) };
  figures.add(EXPOSED.buildInfo, formatLabels(build), 1);
  figures.add(EXPOSED.unnamed, '', unnamed);
  for (const figure of absent) figures.add(EXPOSED.absent, formatLabels({ figure }), 1);
  for (const [source, count] of Object.entries(errors)) {
    figures.add(EXPOSED.errors, formatLabels({ source }), count);
  }
  figures.add(EXPOSED.processStart, '', own.startSeconds);
  figures.add(EXPOSED.processCpu, '', own.cpuSeconds);
  figures.add(EXPOSED.processMemory, '', own.residentBytes);
}

/** The number of figures that `addEnd` adds. */
export const END_SERIES = 4;

/** Adds the size of the document and the time that it took. */
export function addEnd(
  figures: FigureSet,
  { limit, cut, seconds }: { limit: number; cut: number; seconds: number },
): void {
  figures.add(EXPOSED.series, '', figures.size + END_SERIES);
  figures.add(EXPOSED.seriesLimit, '', limit);
  figures.add(EXPOSED.seriesCut, '', cut);
  figures.add(EXPOSED.duration, '', seconds);
}

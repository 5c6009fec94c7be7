/** Predicts the memory of the maps in BPF object files, with the formulas of a kernel. */

import { ToolError, UsageError } from '../../errors.ts';
import { readKernelBtf } from '../../kernel/bpf/btf/btf.ts';
import type { DefinedMap } from '../../kernel/bpf/elf/elf-btf-maps.ts';
import type { ElfMap } from '../../kernel/bpf/elf/elf-maps.ts';
import { type BpfObjectFile, readBpfObjects } from '../../kernel/bpf/elf/elf-objects.ts';
import { readMapHost } from '../../kernel/bpf/memory/map-host.ts';
import { computeMapMemory, STORAGE_TYPES } from '../../kernel/bpf/memory/map-memory.ts';
import { type MapHost, readMapKernelFacts } from '../../kernel/bpf/memory/map-struct-sizes.ts';
import { openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { mapTypeName, mapTypeNumber } from '../../kernel/bpf/sys/bpf-enums.ts';
import { readKernelRelease } from '../../kernel/kernel-release.ts';
import { readPossibleCpus } from '../../kernel/possible-cpus.ts';
import { VERSION } from '../../version.ts';
import {
  type ElfForecast,
  type ForecastCost,
  type ForecastMap,
  type ForecastObject,
  type ForecastTotal,
  isComplete,
} from './forecast-types.ts';
import { measureMaps } from './measure.ts';

/** One `--set`: a value that the program sets before loading, or a hypothetical one. */
export interface MapChange {
  map: string;
  attribute: 'max_entries' | 'value_size';
  value: number;
}

/** Options for the forecast. */
export interface ForecastOptions {
  files: readonly string[];
  /** The BTF of another kernel; by default that of the running kernel. */
  kernelBtf: string | undefined;
  /** Numbers of possible CPUs; this machine's if empty. */
  possibleCpus: readonly number[];
  changes: readonly MapChange[];
  /** Also creates the maps, in a process of this command that calls `serveMapMaker`. */
  maker?: readonly [string, ...string[]];
}

/**
 * Reads the objects and computes the memory of each map; nothing is loaded. On the running kernel, two small
 * maps determine the variants of the formulas, if creating them is permitted.
 * @throws KernelFileError for a file that is not a BPF object or is damaged, UsageError for a change to a map
 * that no object has, UnsupportedError for a map above 2^53 bytes, and with a maker as `measureMaps`.
 */
export async function forecastElf(options: ForecastOptions): Promise<ElfForecast> {
  const read = options.files.flatMap(readBpfObjects);
  for (const change of options.changes) requireMap(change, read);
  const host = await mapHost(options.kernelBtf);
  const possibleCpus = options.possibleCpus.length > 0 ? [...options.possibleCpus] : [host.possibleCpus];
  const hosts = possibleCpus.map((cpus) => ({ ...host, possibleCpus: cpus }));
  const changed = read.map((object) => ({
    ...object,
    maps: object.maps.map((map) => changeMap(map, options.changes)),
  }));
  const objects = changed.map((object): ForecastObject => {
    const forecasts = object.maps.map((map) => forecastMap(map, options.changes, hosts));
    const { notCounted, notes } = remarksOn(object, changed);
    return {
      path: object.path,
      maps: forecasts,
      totals: totalsOf(forecasts, possibleCpus),
      ...(notCounted.length === 0 ? {} : { notCounted }),
      ...(notes.length === 0 ? {} : { notes }),
    };
  });
  if (options.maker !== undefined) {
    const maps = changed.flatMap((object) => object.maps);
    await measureForecasts(
      maps,
      objects.flatMap((object) => object.maps),
      host,
      options.maker,
    );
  }
  return {
    version: 1,
    cmemstat: VERSION,
    kernel: options.kernelBtf ?? readKernelRelease()?.text ?? 'unknown',
    possibleCpus,
    objects,
    complete: objects.every(isComplete),
    totals: totalsOf(
      objects.flatMap(({ maps }) => maps),
      possibleCpus,
    ),
  };
}

/** What to know about the maps of an object beside their sizes, given all objects of the forecast. */
function remarksOn(
  object: BpfObjectFile,
  all: readonly BpfObjectFile[],
): { notCounted: string[]; notes: string[] } {
  const notCounted = [...object.missing];
  const notes: string[] = [];
  for (const name of object.externs) {
    const owner = all.find(({ maps }) => maps.some((map) => map.name === name && map.isStatic !== true));
    if (owner === undefined) notCounted.push(`extern map '${name}': no object that was given defines it`);
    else notes.push(`extern map '${name}': counted in ${owner.path}, which defines it`);
  }
  for (const { name, isStatic, unknownAttributes, inner } of object.maps) {
    if (isStatic === true) notes.push(`map '${name}' is static: libbpf does not load it`);
    const unknown = [...(unknownAttributes ?? []), ...(inner?.unknownAttributes ?? [])];
    if (unknown.length > 0) notes.push(`map '${name}': unknown attributes: ${unknown.join(', ')}`);
  }
  return { notCounted, notes };
}

async function mapHost(kernelBtf: string | undefined): Promise<MapHost> {
  if (kernelBtf !== undefined) {
    return { ...readMapKernelFacts(readKernelBtf(kernelBtf)), possibleCpus: readPossibleCpus() };
  }
  // Without koffi or bpf(2) there is no probe: the variant from BTF is close enough, and is marked as
  // inexact.
  const bpf = await openBpf().catch((error: unknown) => {
    if (error instanceof ToolError) return undefined;
    throw error;
  });
  return readMapHost(bpf);
}

function requireMap({ map: name, value }: MapChange, objects: readonly { maps: readonly ElfMap[] }[]): void {
  const names = objects.flatMap(({ maps }) => maps.map((map) => map.name));
  if (names.includes(name)) return;
  const dot = name.lastIndexOf('.');
  if (dot > 0 && names.includes(name.slice(0, dot))) {
    const [map, attribute] = [name.slice(0, dot), name.slice(dot + 1)];
    throw new UsageError(
      '--set',
      `--set ${name}=${value}: ${attribute} of ${map} cannot be set; expected max_entries or value_size`,
      `--set ${map}.value_size=${value}`,
    );
  }
  throw new UsageError('--set', `--set ${name}=${value}: no such map`, `one of: ${names.join(', ')}`);
}

function changeMap(map: ElfMap, changes: readonly MapChange[]): ElfMap {
  const mine = changes.filter((change) => change.map === map.name);
  return Object.assign({ ...map }, ...mine.map(({ attribute, value }) => ({ [attribute]: value })));
}

function forecastMap(map: ElfMap, changes: readonly MapChange[], hosts: readonly MapHost[]): ForecastMap {
  const forecast = forecastDefinition(map.name, map, hosts);
  return {
    ...forecast,
    section: map.section,
    ...(changes.some((change) => change.map === map.name) ? { set: true } : {}),
    ...(map.inner === undefined
      ? {}
      : { inner: { ...forecastDefinition(`${map.name}.inner`, map.inner, hosts), section: map.section } }),
  };
}

/** Adds measured values to the forecasts of the same maps; maps without a size cannot be created. */
async function measureForecasts(
  maps: readonly ElfMap[],
  forecasts: readonly ForecastMap[],
  host: MapHost,
  maker: readonly [string, ...string[]],
): Promise<void> {
  const feasible = maps.flatMap((map, index) => {
    const forecast = forecasts[index];
    if (forecast === undefined || forecast.unknown !== undefined) return [];
    const sized = sizedFor(map, host);
    return [{ forecast, map: sized, predictedBytes: computeMapMemory(sized, host, 0)?.bytes ?? 0 }];
  });
  const measured = await measureMaps(feasible, maker);
  for (const [index, { forecast }] of feasible.entries()) {
    const found = measured[index];
    if (found !== undefined) forecast.measured = found;
  }
}

function sizedFor(map: DefinedMap, host: MapHost): DefinedMap {
  const perCpu = map.entriesPerCpu === true && map.max_entries === 0;
  return perCpu ? { ...map, max_entries: host.possibleCpus } : map;
}

function forecastDefinition(
  name: string,
  map: DefinedMap,
  hosts: readonly MapHost[],
): Omit<ForecastMap, 'section'> {
  const perCpu = map.entriesPerCpu === true && map.max_entries === 0;
  const [first] = hosts;
  const unknown = whyUnknown(name, perCpu ? { ...map, max_entries: 1 } : map, first);
  const omits = first && computeMapMemory(sizedFor(map, first), first)?.omits;
  return {
    name,
    type: mapTypeName(map.map_type) ?? String(map.map_type),
    key_size: map.key_size,
    value_size: map.value_size,
    ...(perCpu ? {} : { max_entries: map.max_entries }),
    map_flags: map.map_flags,
    ...(map.map_extra === undefined ? {} : { map_extra: String(map.map_extra) }),
    ...(map.numa_node === undefined ? {} : { numa_node: map.numa_node }),
    ...(map.pinned ? { pinned: true } : {}),
    costs: unknown === undefined ? hosts.flatMap((host) => costOn(sizedFor(map, host), host)) : [],
    ...(omits === undefined ? {} : { omits }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function costOn(map: DefinedMap, host: MapHost): ForecastCost[] {
  const empty = computeMapMemory(map, host, 0);
  const full = computeMapMemory(map, host, map.max_entries);
  if (empty === undefined || full === undefined) return [];
  const { bytes, unchargedPercpuBytes, exact } = empty;
  return [{ possibleCpus: host.possibleCpus, bytes, fullBytes: full.bytes, unchargedPercpuBytes, exact }];
}

const withoutEntries: ReadonlySet<number> = new Set(STORAGE_TYPES.map(mapTypeNumber));
const stackTrace = mapTypeNumber('stack_trace');
const structOps = mapTypeNumber('struct_ops');

function whyUnknown(name: string, map: DefinedMap, host: MapHost | undefined): string | undefined {
  if (map.map_type === structOps) return 'the size of a struct_ops map is known only when it is loaded';
  if (host === undefined || computeMapMemory(map, host) === undefined) {
    return 'no formula for this type, or the kernel does not support it';
  }
  const missing = [
    ...(map.max_entries === 0 && !withoutEntries.has(map.map_type) ? ['max_entries'] : []),
    ...(map.value_size === 0 && map.map_type === stackTrace ? ['value_size'] : []),
  ];
  if (missing.length === 0) return undefined;
  const flags = missing.map((each) => `--set ${name}${each === 'value_size' ? '.value_size' : ''}=N`);
  return `the program sets its ${missing.join(' and ')} before it loads the object: ${flags.join(' ')}`;
}

function totalsOf(maps: readonly ForecastMap[], possibleCpus: readonly number[]): ForecastTotal[] {
  return possibleCpus.map((cpus) => {
    const total = { possibleCpus: cpus, bytes: 0, fullBytes: 0, unchargedPercpuBytes: 0 };
    for (const cost of maps.flatMap(({ costs }) => costs.filter((each) => each.possibleCpus === cpus))) {
      total.bytes += cost.bytes;
      total.fullBytes += cost.fullBytes;
      total.unchargedPercpuBytes += cost.unchargedPercpuBytes;
    }
    return total;
  });
}

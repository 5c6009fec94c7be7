import { resolve } from 'node:path';
import { GROUP_KEYS, type GroupKey, type ListingOptions, SORT_KEYS } from '../../app/maps/listing.ts';
import type { MapsOptions } from '../../app/maps/maps.ts';
import { type PrintMapsOptions, printMaps } from '../../app/maps/print-maps.ts';
import { UsageError } from '../../errors.ts';
import { compileGlob } from '../../format/glob.ts';
import { mapTypeNumber } from '../../kernel/bpf/sys/bpf-enums.ts';
import { tryStat } from '../../try-stat.ts';
import { separatorOf } from '../options/delimited-flags.ts';
import { MAP_FORMATS, type MapsFlags } from '../options/maps-flags.ts';
import { oneOf } from '../options/one-of.ts';
import { serveAddress } from '../options/optional-address.ts';
import { checkGlob, parseCount, parsePause, parseShare } from '../options/parse-value.ts';

const DEFAULT_WATCH_MS = 1_000;
const MIN_WATCH = '10ms';
/** The kernel truncates process names to this length. */
const MAX_COMM_LENGTH = 15;

/**
 * Prints the BPF maps of this host.
 * @throws UsageError; ToolError that names the capability if maps cannot be read; OutputError.
 */
export async function maps(flags: MapsFlags): Promise<number> {
  oneOf(flags.format, MAP_FORMATS, '--format');
  await printMaps({
    listing: toListingOptions(flags),
    watchMs: toWatchMs(flags),
    reading: toReadingOptions(flags),
    format: outputFormat(flags),
    totalOnly: flags.total === true,
    plainBytes: flags.bytes === true,
    htmlFile: flags.html === '-' ? '/dev/stdout' : flags.html,
    serve: flags.serve === undefined ? undefined : await serveAddress(flags.serve),
  });
  return 0;
}

function outputFormat(flags: MapsFlags): PrintMapsOptions['format'] {
  const separator = separatorOf(flags);
  if (separator !== undefined) return { separator };
  return flags.format === 'bpftool' ? 'bpftool' : flags.json === true ? 'json' : 'table';
}

function toReadingOptions(flags: MapsFlags): MapsOptions {
  const { json, format, groupBy, unused, orphaned, advise, anonymous, sort } = flags;
  const showsMaps = groupBy === undefined && flags.total !== true;
  return {
    cgroup: flags.cgroup,
    filter: {
      pid: flags.pid === undefined ? undefined : parsePid(flags.pid),
      comm:
        flags.comm === undefined
          ? undefined
          : compileGlob(checkGlob(flags.comm.slice(0, MAX_COMM_LENGTH), '--comm')),
      name: flags.name === undefined ? undefined : compileGlob(checkGlob(flags.name, '--name')),
      types: flags.type === undefined ? undefined : parseTypes(flags.type),
      pinnedBelow: flags.pinned === undefined ? undefined : parseDirectory(flags.pinned),
      anonymous,
      orphaned,
      unused,
    },
    memlock:
      json === true || separatorOf(flags) !== undefined
        ? 'always'
        : format === 'bpftool'
          ? 'when-different'
          : 'when-needed',
    holders: showsMaps || groupBy === 'comm' || flags.pid !== undefined || flags.comm !== undefined,
    paths: groupBy === 'cgroup' || (showsMaps && format === undefined),
    pins: flags.pinned !== undefined || groupBy === 'pin-dir' || showsMaps,
    countArrays: unused === true || advise === true || sort === 'elements',
    advise: advise === true,
    needsCharge: groupBy === 'cgroup' ? '--group-by cgroup' : orphaned === true ? '--orphaned' : undefined,
    needsReferences: anonymous === true ? '--anonymous' : undefined,
  };
}

function toListingOptions(flags: MapsFlags): ListingOptions {
  return {
    sort: oneOf(flags.sort, SORT_KEYS, '--sort') ?? 'bytes',
    groupBy: oneOf<GroupKey>(flags.groupBy, GROUP_KEYS, '--group-by'),
    top: flags.top === undefined ? undefined : parseCount(flags.top, '--top'),
    threshold: flags.threshold === undefined ? undefined : parseShare(flags.threshold, '--threshold'),
  };
}

function toWatchMs({ watch }: MapsFlags): number | undefined {
  if (watch === undefined) return undefined;
  if (watch === true) return DEFAULT_WATCH_MS;
  return parsePause(watch, '--watch', MIN_WATCH);
}

function parseTypes(text: string): ReadonlySet<string> {
  const types = text.split(',');
  for (const type of types) {
    if (!/^\d+$/.test(type) && mapTypeNumber(type as 'hash') < 0) {
      throw new UsageError(
        '--type',
        `--type ${text}: '${type}' is not a map type`,
        'bpftool map help lists them',
      );
    }
  }
  return new Set(types);
}

function parseDirectory(path: string): string {
  if (tryStat(path)?.isDirectory() !== true) {
    throw new UsageError('--pinned', `--pinned ${path}: no such directory`);
  }
  return resolve(path);
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError('--pid', `--pid ${text}: not a process id`);
  return Number(text);
}

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { toBpftoolMaps } from '../../app/maps/bpftool-json.ts';
import { toMapDocument } from '../../app/maps/document.ts';
import {
  evaluateListing,
  GROUP_KEYS,
  type GroupKey,
  type ListingOptions,
  SORT_KEYS,
} from '../../app/maps/listing.ts';
import { renderMapTable, renderMapTotal } from '../../app/maps/map-table.ts';
import { type MapsOptions, type MapsReading, openMaps } from '../../app/maps/maps.ts';
import { UsageError } from '../../errors.ts';
import { findBadSet, globToRegExp } from '../../format/glob.ts';
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { parseDuration } from '../../format/units.ts';
import { mapTypeNumber } from '../../kernel/bpf/sys/bpf-enums.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { VERSION } from '../../version.ts';
import { MAP_FORMATS, type MapsFlags } from '../options/maps-flags.ts';
import { oneOf } from '../options/one-of.ts';

const DEFAULT_WATCH_MS = 1_000;
const MIN_WATCH_MS = 10;
/** The kernel keeps no more of a process's name. */
const COMM_MAX = 15;
const CLEAR_SCREEN = '\x1b[H\x1b[2J\x1b[3J';

/**
 * Prints the BPF maps of this host.
 * @throws UsageError; ToolError that names the capability where they can't be read; OutputError.
 */
export async function maps(flags: MapsFlags): Promise<number> {
  const options = toListingOptions(flags);
  const watchMs = toWatchMs(flags);
  const output = new StandardOutput();
  const reader = await openMaps(toOptions(flags));
  try {
    const stop = watchMs === undefined ? undefined : stopSignal();
    do {
      await output.write(render(reader.read(), flags, options));
    } while (!output.isClosed && stop !== undefined && watchMs !== undefined && (await stop.after(watchMs)));
  } finally {
    reader.close();
  }
  return 0;
}

function render(reading: MapsReading, flags: MapsFlags, options: ListingOptions): string {
  if (flags.format === 'bpftool') return JSON.stringify(toBpftoolMaps(reading.maps));
  const listing = evaluateListing(reading.maps, options);
  if (flags.json === true) {
    const document = toMapDocument({ ...reading, listing, totalOnly: flags.total === true }, VERSION);
    return JSON.stringify(document, undefined, flags.watch === undefined ? 2 : undefined);
  }
  const style = {
    plainBytes: flags.bytes === true,
    groupedBy: options.groupBy,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  };
  const lines =
    flags.total === true && reading.advice === undefined
      ? [renderMapTotal(listing.totals, style)]
      : renderMapTable(
          flags.total === true ? { ...listing, maps: [], groups: undefined } : listing,
          reading,
          style,
        );
  const clear = flags.watch !== undefined && process.stdout.isTTY ? CLEAR_SCREEN : '';
  return `${clear}${lines.join('\n')}`;
}

/** Waits between two readings, until the first signal. */
function stopSignal(): { after(ms: number): Promise<boolean> } {
  let stopped = false;
  let wake = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      stopped = true;
      wake();
    });
  }
  return {
    async after(ms) {
      if (stopped) return false;
      await new Promise<void>((settle) => {
        const timer = setTimeout(settle, ms);
        wake = () => {
          clearTimeout(timer);
          settle();
        };
      });
      return !stopped;
    },
  };
}

function readGlob(option: string, glob: string): RegExp {
  const bad = findBadSet(glob);
  if (bad !== undefined)
    throw new UsageError(option, `${option} ${glob}: ${bad.text} is not a valid range: it is reversed`);
  return globToRegExp(glob);
}

function toOptions(flags: MapsFlags): MapsOptions {
  const { json, format, groupBy, unused, advise, anonymous, sort } = flags;
  const showsMaps = groupBy === undefined && flags.total !== true;
  return {
    cgroup: flags.cgroup,
    filter: {
      pid: flags.pid === undefined ? undefined : parsePid(flags.pid),
      comm: flags.comm === undefined ? undefined : readGlob('--comm', flags.comm.slice(0, COMM_MAX)),
      name: flags.name === undefined ? undefined : readGlob('--name', flags.name),
      types: flags.type === undefined ? undefined : parseTypes(flags.type),
      pinnedBelow: flags.pinned === undefined ? undefined : parseDirectory(flags.pinned),
      anonymous,
      unused,
    },
    memlock: json === true ? 'always' : format === 'bpftool' ? 'when-different' : 'when-needed',
    holders: showsMaps || groupBy === 'comm' || flags.pid !== undefined || flags.comm !== undefined,
    paths: groupBy === 'cgroup' || (showsMaps && format === undefined),
    pins: flags.pinned !== undefined || groupBy === 'pin-dir' || showsMaps,
    countArrays: unused === true || advise === true || sort === 'elements',
    advise: advise === true,
    needsCharge: groupBy === 'cgroup' ? '--group-by cgroup' : undefined,
    needsReferences: anonymous === true ? '--anonymous' : undefined,
  };
}

function toListingOptions(flags: MapsFlags): ListingOptions {
  oneOf(flags.format, MAP_FORMATS, '--format', ', ');
  return {
    sort: oneOf(flags.sort, SORT_KEYS, '--sort', ', ') ?? 'bytes',
    groupBy: oneOf<GroupKey>(flags.groupBy, GROUP_KEYS, '--group-by', ', '),
    top: flags.top === undefined ? undefined : parseCount(flags.top, '--top'),
    threshold: flags.threshold === undefined ? undefined : parseShare(flags.threshold),
  };
}

function toWatchMs({ watch }: MapsFlags): number | undefined {
  if (watch === undefined) return undefined;
  if (watch === true) return DEFAULT_WATCH_MS;
  const ms = parseDuration(watch, '--watch');
  if (ms < MIN_WATCH_MS || ms > MAX_TIMER_MS) {
    throw new UsageError('--watch', `--watch ${watch}: must be from ${MIN_WATCH_MS}ms to 24 days`);
  }
  return ms;
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
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError('--pinned', `--pinned ${path}: no such directory`);
  }
  return resolve(path);
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError('--pid', `--pid ${text}: not a process id`);
  return Number(text);
}

function parseCount(text: string, option: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new UsageError(option, `${option} ${text}: expected a number from 1 on`);
  }
  return Number(text);
}

function parseShare(text: string): number {
  const percent = /^(\d+(?:\.\d+)?|\.\d+)%?$/.exec(text)?.[1];
  if (percent === undefined || Number(percent) > 100) {
    throw new UsageError('--threshold', `--threshold ${text}: expected a percentage such as 5 or 2.5%`);
  }
  return Number(percent) / 100;
}

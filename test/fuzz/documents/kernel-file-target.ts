/** The files of procfs, sysfs and cgroupfs: a vendor's kernel, lxcfs or a FUSE mount may have other ones. */

import { parseKernelConfig, parseKernelVersion } from '#src/kernel/bpf/load/kernel-config.ts';
import { parseKernelSymbols } from '#src/kernel/bpf/load/kernel-symbols.ts';
import { parseCgroupProcs } from '#src/kernel/cgroup-procs.ts';
import { parseLimitV1 } from '#src/kernel/cgroup1/memory-limit.ts';
import { parseMemoryStatV1 } from '#src/kernel/cgroup1/memory-stat.ts';
import { parseOomKills } from '#src/kernel/cgroup1/oom-control.ts';
import { parseDescendants } from '#src/kernel/cgroup2/cgroup-stat.ts';
import { parseControllers } from '#src/kernel/cgroup2/controllers.ts';
import { parseCpuMax } from '#src/kernel/cgroup2/cpu-max.ts';
import { parseCpuStat } from '#src/kernel/cgroup2/cpu-stat.ts';
import { parseMemoryEvents } from '#src/kernel/cgroup2/memory-events.ts';
import { parseMemoryStat } from '#src/kernel/cgroup2/memory-stat.ts';
import { parsePressure } from '#src/kernel/cgroup2/pressure.ts';
import { parseBuildId } from '#src/kernel/files/kernel-cache.ts';
import { parseKernelRelease } from '#src/kernel/kernel-release.ts';
import { parseLimit, parseSingleValue } from '#src/kernel/limit.ts';
import { countCpuList, countSoftirqColumns } from '#src/kernel/possible-cpus.ts';
import { parsePageSize } from '#src/kernel/procfs/auxv.ts';
import { parseEffectiveCapabilities } from '#src/kernel/procfs/capabilities.ts';
import { linkFdinfo, mapFdinfo, parseFdinfo, programFdinfo } from '#src/kernel/procfs/fdinfo.ts';
import { SmapsTotals } from '#src/kernel/procfs/memory/smaps.ts';
import { parsePss } from '#src/kernel/procfs/memory/smaps-rollup.ts';
import { parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';
import { parsePidCgroup } from '#src/kernel/procfs/pid-cgroup.ts';
import { parseCommandLine, parseEffectiveUid } from '#src/kernel/procfs/pid-identity.ts';
import { parseLimits } from '#src/kernel/procfs/pid-limits.ts';
import { parsePidStat } from '#src/kernel/procfs/pid-stat.ts';
import { parseOpenFiles } from '#src/target/inherited-state.ts';
import { mutateBytes, mutateText } from '../mutate-bytes.ts';
import { callAll, type DocumentTarget } from './document-target.ts';
import { seeds } from './seeds.ts';

const ignore = () => {};

/** Parsers by the end of the paths of the captured files. */
const PARSERS: readonly (readonly [file: RegExp, ...parsers: ((text: string, path: string) => unknown)[]])[] =
  [
    [
      /cgroup\/(?!memory).*\/memory\.stat$/,
      (text, path) => parseMemoryStat(text, path),
      (text, path) => parseMemoryStat(text, path, ignore),
    ],
    [
      /cgroup\/memory\/.*memory\.stat$/,
      (text, path) => parseMemoryStatV1(text, path),
      (text, path) => parseMemoryStatV1(text, path, ignore),
    ],
    [/memory\.events(\.local)?$/, parseMemoryEvents, (text, path) => parseMemoryEvents(text, path, ignore)],
    [/memory\.pressure$/, (text, path) => parsePressure(text, path, ignore), parsePressure],
    [/memory\.oom_control$/, parseOomKills, (text, path) => parseOomKills(text, path, ignore)],
    [/cgroup\.stat$/, (text, path) => parseDescendants(text, path, ignore)],
    [/cgroup\.(procs|threads)$/, parseCgroupProcs],
    [/cgroup\.controllers$/, parseControllers],
    [/cpu\.stat$/, parseCpuStat, (text, path) => parseCpuStat(text, path, ignore)],
    [/cpu\.max$/, parseCpuMax],
    [/memory\.(max|current|limit_in_bytes)$/, parseLimit, parseSingleValue, parseLimitV1],
    [/cpu\/possible$/, countCpuList, countSoftirqColumns],
    [/\/stat$/, parsePidStat],
    [/\/status$/, parseEffectiveCapabilities, parseEffectiveUid],
    [/\/limits$/, parseLimits, parseOpenFiles],
    [/smaps_rollup$/, parsePss, sumSmaps],
    [/mountinfo$/, parseMountinfo],
    [/(mounts|pid-cgroup)$/, parsePidCgroup],
    [/fdinfo\/|bpf-fdinfo\//, readFdinfo],
    [/osrelease$/, parseKernelRelease, (text) => parseKernelVersion(text, text)],
    [/filesystems$/, parseKernelConfig, (text) => parseKernelSymbols(text, new Set(['x'])), parseCommandLine],
    [
      /kernel\/notes$/,
      (text) => parseBuildId(Buffer.from(text, 'latin1')),
      (text, path) => parsePageSize(Buffer.from(text, 'latin1'), path, true),
    ],
  ];

function sumSmaps(text: string): unknown {
  const totals = new SmapsTotals();
  for (const line of text.split('\n')) totals.add(line);
  return totals.totals();
}

function readFdinfo(text: string, path: string): unknown {
  const fdinfo = parseFdinfo(text, path);
  return [mapFdinfo(fdinfo), programFdinfo(fdinfo), linkFdinfo(fdinfo)];
}

/** @throws Error if there is a number that is none, at any depth. */
function rejectNaN(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`parsed to ${value}`);
  if (value instanceof Map || value instanceof Set) for (const each of value) rejectNaN(each);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) rejectNaN(each);
}

/** The first line of an input is the index of its parsers. */
export const KERNEL_FILE_TARGET: DocumentTarget = {
  name: 'kernel-file',
  about: 'the parsers of the files of procfs, sysfs and cgroupfs',
  extension: 'txt',
  make(random) {
    const index = random.below(PARSERS.length);
    const [file = /$^/] = PARSERS[index] ?? [];
    const seed = random.pick(seeds(['test/fixtures/kernel'], file));
    const changed = random.chance(0.3)
      ? mutateBytes(random, seed)
      : Buffer.from(mutateText(random, seed.toString('latin1')), 'latin1');
    return Buffer.concat([Buffer.from(`${index}\n`), changed]);
  },
  read(input) {
    const newline = input.indexOf('\n');
    const [, ...parsers] = PARSERS[Number(input.toString('latin1', 0, newline))] ?? [];
    if (parsers.length === 0) throw new Error('the first line of an input is the index of its parsers');
    const text = input.toString('latin1', newline + 1);
    return callAll(
      parsers.map((parse) => () => {
        rejectNaN(parse(text, '/sys/file'));
        return [];
      }),
    );
  },
};

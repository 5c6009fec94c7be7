/** Figures of one cgroup that are read for some cgroups only, on both versions of cgroups. */
import { parseLimitV1 } from '../../kernel/cgroup1/memory-limit.ts';
import { parseOomKills } from '../../kernel/cgroup1/oom-control.ts';
import { parseMemoryEvents } from '../../kernel/cgroup2/memory-events.ts';
import { parsePressure } from '../../kernel/cgroup2/pressure.ts';
import type { OnMalformed } from '../../kernel/flat-keyed.ts';
import { type Limit, parseLimit } from '../../kernel/limit.ts';
import type { CgroupDetails } from '../../model/host/host-cgroups.ts';
import { setIfDefined } from '../figure-reader.ts';
import { parseNumberBytes } from '../stat-sizes.ts';
import type { CgroupFiles } from './cgroup-files.ts';

/** Lines that a later kernel may add. */
const skip: OnMalformed = () => {};

/** @throws KernelFileError if a file exists and cannot be read. */
export function readDetails(files: CgroupFiles, version: 1 | 2): CgroupDetails {
  return version === 2 ? readDetailsV2(files) : readDetailsV1(files);
}

function readDetailsV2(files: CgroupFiles): CgroupDetails {
  const details: CgroupDetails = {};
  setIfDefined(details, 'peak', number(files, 'memory.peak'));
  setIfDefined(details, 'limit', limit(files, 'memory.max', parseLimit));
  const events = text(files, 'memory.events');
  if (events !== undefined) details.events = parseMemoryEvents(events, 'memory.events', skip);
  const pressure = text(files, 'memory.pressure');
  if (pressure !== undefined) {
    const { some, full } = parsePressure(pressure, 'memory.pressure', skip);
    details.stall = {
      ...(some === undefined ? {} : { some: some.total }),
      ...(full === undefined ? {} : { full: full.total }),
    };
  }
  return details;
}

/** v1 counts an OOM kill at the cgroup itself; `failcnt`: how often the limit was hit. */
function readDetailsV1(files: CgroupFiles): CgroupDetails {
  const details: CgroupDetails = {};
  setIfDefined(details, 'peak', number(files, 'memory.max_usage_in_bytes'));
  setIfDefined(details, 'limit', limit(files, 'memory.limit_in_bytes', parseLimitV1));
  const events: Record<string, number> = {};
  const control = text(files, 'memory.oom_control');
  if (control !== undefined) {
    setIfDefined(events, 'oom_kill', parseOomKills(control, 'memory.oom_control', skip));
  }
  setIfDefined(events, 'failcnt', number(files, 'memory.failcnt'));
  details.events = events;
  return details;
}

function text(files: CgroupFiles, name: string): string | undefined {
  return files.readOptional(name)?.toString('latin1');
}

function number(files: CgroupFiles, name: string): number | undefined {
  const bytes = files.readOptional(name);
  return bytes === undefined ? undefined : parseNumberBytes(bytes);
}

function limit(
  files: CgroupFiles,
  name: string,
  parse: (text: string, path: string) => Limit,
): number | undefined {
  const found = text(files, name);
  if (found === undefined || found === '') return undefined;
  const value = parse(found, name);
  return value === 'max' ? Number.POSITIVE_INFINITY : value;
}

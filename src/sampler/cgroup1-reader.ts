/**
 * Reads the figures of a leaf on cgroup v1: under v2 names if they have the same meaning, otherwise under v1
 * names.
 */
import { statSync } from 'node:fs';
import { LINKS_OF_NO_CHILD } from '../cgroup/subtree.ts';
import { parseCgroupProcs } from '../kernel/cgroup-procs.ts';
import { parseLimitV1 } from '../kernel/cgroup1/memory-limit.ts';
import { parseMemoryStatV1 } from '../kernel/cgroup1/memory-stat.ts';
import { parseOomKills } from '../kernel/cgroup1/oom-control.ts';
import type { OnMalformed } from '../kernel/flat-keyed.ts';
import { parseSingleValue } from '../kernel/limit.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import { workingSet } from './cgroup2-reader.ts';
import {
  absentAs,
  type FigureReader,
  type Figures,
  KeptValue,
  type Parse,
  setIfDefined,
} from './figure-reader.ts';
import { NestedStat, raisable } from './nested-stat.ts';

/** Needed if there are nested cgroups, in addition to the files of the leaf. */
export interface Cgroup1Walk {
  processes(): number[];
  nested(): string[];
}

/**
 * Opens the files of a leaf in v1's memory hierarchy.
 * Source: Documentation/admin-guide/cgroup-v1/memory.rst.
 * @throws KernelFileError if a file exists and cannot be opened.
 */
export function openCgroup1Reader(
  directory: string,
  walk: Cgroup1Walk,
  onMalformed: OnMalformed,
): FigureReader {
  const keep = <T>(name: string, parse: Parse<T>) => new KeptValue(directory, name, parse, onMalformed);
  const files = {
    stat: keep('memory.stat', parseMemoryStatV1),
    usage: keep('memory.usage_in_bytes', parseSingleValue),
    maxUsage: keep('memory.max_usage_in_bytes', parseSingleValue),
    kmemUsage: keep('memory.kmem.usage_in_bytes', parseSingleValue),
    limit: keep('memory.limit_in_bytes', parseLimitV1),
    memswLimit: keep('memory.memsw.limit_in_bytes', parseLimitV1),
    failcnt: keep('memory.failcnt', parseSingleValue),
    oomKills: keep('memory.oom_control', parseOomKills),
  };

  const nested = new NestedStat(1, directory);

  function read(): Figures {
    const figures: Figures = {};
    const usage = files.usage.read();
    const parsed = files.stat.read();
    const kernel = files.kmemUsage.read();
    if (parsed !== undefined) nested.update(usage, raisable(parsed.stat), kernel);
    setIfDefined(figures, 'current', usage);
    setIfDefined(figures, 'peak', files.maxUsage.read());
    setIfDefined(figures, 'workingset', workingSet(usage, parsed?.stat.inactive_file));
    setIfDefined(figures, 'kernel', kernel);
    if (parsed?.swapBytes !== undefined) figures.swap = { current: parsed.swapBytes };
    figures.limits = {};
    setIfDefined(figures.limits, 'max', files.limit.read());
    setIfDefined(figures.limits, 'memsw.limit_in_bytes', files.memswLimit.read());
    setIfDefined(figures, 'stat', parsed?.stat);
    // v1 counts an OOM kill at the cgroup itself, like memory.events.local; failcnt has no equivalent in v2.
    const events: Record<string, number> = {};
    setIfDefined(events, 'oom_kill', files.oomKills.read());
    setIfDefined(events, 'failcnt', files.failcnt.read());
    figures.eventsLocal = events;
    // v1 does not count nested cgroups, but each of them adds a link to its parent directory: walk only if
    // there are some.
    const links = statSync(directory, { throwIfNoEntry: false })?.nlink;
    if (links === undefined) return figures;
    const isAlone = links === LINKS_OF_NO_CHILD;
    figures.nestedCgroups = isAlone ? 0 : walk.nested().length;
    // Opened each time: the kernel keeps the list of an open file as long as it is read within a second.
    setIfDefined(figures, 'processes', isAlone ? countOwn(directory) : walk.processes().length);
    return figures;
  }

  return {
    read,
    processes: () => walk.processes(),
    close: () => {
      for (const file of Object.values(files)) file.close();
    },
  };
}

/** How many processes a cgroup has, without those below it; undefined if the kernel has no list of them. */
function countOwn(directory: string): number | undefined {
  const path = `${directory}/cgroup.procs`;
  return absentAs(undefined, () => parseCgroupProcs(readPseudoFile(path), path).length);
}

/** Reads the figures of a leaf on cgroup v2. */
import { parseCgroupProcs } from '../kernel/cgroup-procs.ts';
import { parseDescendants } from '../kernel/cgroup2/cgroup-stat.ts';
import { parseMemoryEvents } from '../kernel/cgroup2/memory-events.ts';
import { parseMemoryStat } from '../kernel/cgroup2/memory-stat.ts';
import { parsePressure } from '../kernel/cgroup2/pressure.ts';
import type { OnMalformed } from '../kernel/flat-keyed.ts';
import { parseLimit, parseSingleValue } from '../kernel/limit.ts';
import type { LeafLimits } from '../model/sample.ts';
import { type FigureReader, type Figures, KeptValue, type Parse, setIfDefined } from './figure-reader.ts';
import { NestedStat, raisable } from './nested-stat.ts';

/**
 * Opens the files of a leaf; `listProcesses` is only called if there are nested cgroups. `ownPeak` is read in
 * place of the kernel's high-water mark, and closed with the files.
 * Source: Documentation/admin-guide/cgroup-v2.rst. Since: Linux 4.5; memory.peak 5.19, memory.swap.peak 6.5.
 * @throws KernelFileError if a file exists and cannot be opened.
 */
export function openCgroup2Reader(
  directory: string,
  listProcesses: () => number[],
  onMalformed: OnMalformed,
  ownPeak?: Pick<KeptValue<number>, 'read' | 'close'>,
): FigureReader {
  const keep = <T>(name: string, parse: Parse<T>) => new KeptValue(directory, name, parse, onMalformed);
  const files = {
    stat: keep('memory.stat', parseMemoryStat),
    current: keep('memory.current', parseSingleValue),
    peak: ownPeak ?? keep('memory.peak', parseSingleValue),
    swapCurrent: keep('memory.swap.current', parseSingleValue),
    swapPeak: keep('memory.swap.peak', parseSingleValue),
    zswapCurrent: keep('memory.zswap.current', parseSingleValue),
    max: keep('memory.max', parseLimit),
    high: keep('memory.high', parseLimit),
    swapMax: keep('memory.swap.max', parseLimit),
    zswapMax: keep('memory.zswap.max', parseLimit),
    pidsMax: keep('pids.max', parseLimit),
    events: keep('memory.events', parseMemoryEvents),
    eventsLocal: keep('memory.events.local', parseMemoryEvents),
    pressure: keep('memory.pressure', parsePressure),
    procs: keep('cgroup.procs', parseCgroupProcs),
    cgroupStat: keep('cgroup.stat', parseDescendants),
  };

  function readLimits(): LeafLimits {
    const limits: LeafLimits = {};
    setIfDefined(limits, 'max', files.max.read());
    setIfDefined(limits, 'high', files.high.read());
    setIfDefined(limits, 'swapMax', files.swapMax.read());
    setIfDefined(limits, 'zswapMax', files.zswapMax.read());
    setIfDefined(limits, 'pidsMax', files.pidsMax.read());
    return limits;
  }

  const nestedStat = new NestedStat(2, directory);

  function read(): Figures {
    const figures: Figures = {};
    // Breakdown and total are read back to back because they are compared.
    const current = files.current.read();
    const stat = files.stat.read();
    if (stat !== undefined) nestedStat.update(current, raisable(stat));
    setIfDefined(figures, 'current', current);
    setIfDefined(figures, 'peak', files.peak.read());
    setIfDefined(figures, 'workingset', workingSet(current, stat?.inactive_file));
    setIfDefined(figures, 'kernel', stat?.kernel);
    setIfDefined(
      figures,
      'swap',
      optional({ current: files.swapCurrent.read(), peak: files.swapPeak.read() }),
    );
    setIfDefined(figures, 'zswap', optional({ current: files.zswapCurrent.read() }));
    figures.limits = readLimits();
    setIfDefined(figures, 'stat', stat);
    setIfDefined(figures, 'events', files.events.read());
    setIfDefined(figures, 'eventsLocal', files.eventsLocal.read());
    setIfDefined(figures, 'pressure', files.pressure.read());
    const nested = files.cgroupStat.read();
    setIfDefined(figures, 'nestedCgroups', nested);
    // Without nested cgroups the leaf's own list is complete; a removed leaf has no list.
    if (nested !== undefined)
      setIfDefined(figures, 'processes', nested === 0 ? files.procs.read()?.length : listProcesses().length);
    return figures;
  }

  return {
    read,
    processes: listProcesses,
    close: () => {
      for (const file of Object.values(files)) file.close();
    },
  };
}

/**
 * Memory that cannot be reclaimed cheaply: `current - inactive_file`, as in Kubernetes and cAdvisor. Unit:
 * bytes. `current` is updated in batches, so a small leaf may have more `inactive_file` than `current`: the
 * result is 0 then.
 */
export function workingSet(
  current: number | undefined,
  inactiveFile: number | undefined,
): number | undefined {
  return current === undefined || inactiveFile === undefined
    ? undefined
    : Math.max(0, current - inactiveFile);
}

/** The object without undefined keys; undefined if it has no other keys. */
export function optional<T extends Record<string, unknown>>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return present.length === 0
    ? undefined
    : (Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> });
}

/** What every kind of record has to hold, as deep as anybody looks into it. Pure. */
import type { RecordLine } from '../model/recording.ts';
import { type Check, faultOf, isCounters, isNumber, isString, listOf, objectOf, recordOf } from './shapes.ts';

/** Finds the first key of a record that is missing or holds something else. */
type FindFault = (fields: Record<string, unknown>) => string | undefined;

const isNumbers = listOf(isNumber);
const isStrings = listOf(isString);
const isLimit: Check = (value) => value === 'max' || isNumber(value);

const isSize = objectOf({ count: isNumber, bytes: isNumber });
const isCount = objectOf({ count: isNumber, memlock: isNumber });
const isMapSize = objectOf({ maps: isSize });
const isMapAndProgramCount = objectOf({ maps: isCount, programs: isCount });
const isPlaces = objectOf({ vmalloc: isNumber, slab: isNumber, percpu: isNumber, pages: isNumber });

const isBpfTotals = objectOf(
  { attribution: isString },
  {
    charged: objectOf({ maps: isSize, programs: isSize, places: isPlaces }),
    uncharged: isMapSize,
    heldElsewhere: isMapSize,
    anonymous: isMapSize,
    host: isMapAndProgramCount,
    held: isMapAndProgramCount,
  },
);

const isPressureLine = objectOf({ avg10: isNumber, avg60: isNumber, avg300: isNumber, total: isNumber });

const SAMPLE_NEEDED = { elapsedMs: isNumber };
const SAMPLE_POSSIBLE = {
  current: isNumber,
  peak: isNumber,
  workingset: isNumber,
  kernel: isNumber,
  processes: isNumber,
  nestedCgroups: isNumber,
  stat: isCounters,
  swap: objectOf({}, { current: isNumber, peak: isNumber }),
  zswap: objectOf({}, { current: isNumber }),
  limits: recordOf(isLimit),
  events: isCounters,
  eventsLocal: isCounters,
  pressure: objectOf({}, { some: isPressureLine, full: isPressureLine }),
  tree: objectOf({ rss: isNumber, cpuPercent: isNumber }, { pss: isNumber }),
  bpf: isBpfTotals,
};

const findSampleFault = faultOf(SAMPLE_NEEDED, SAMPLE_POSSIBLE);

/** The same, without a walk through tables of checks: nearly every line is a sample. */
function faultOfSample(fields: Record<string, unknown>): string | undefined {
  const { current, peak, workingset, kernel, processes, nestedCgroups, stat, swap, zswap } = fields;
  const { limits, events, eventsLocal, pressure, tree, bpf } = fields;
  const isWhole =
    Number.isFinite(fields.elapsedMs) &&
    (current === undefined || Number.isFinite(current)) &&
    (peak === undefined || Number.isFinite(peak)) &&
    (workingset === undefined || Number.isFinite(workingset)) &&
    (kernel === undefined || Number.isFinite(kernel)) &&
    (processes === undefined || Number.isFinite(processes)) &&
    (nestedCgroups === undefined || Number.isFinite(nestedCgroups)) &&
    (stat === undefined || isCounters(stat)) &&
    (swap === undefined || SAMPLE_POSSIBLE.swap(swap)) &&
    (zswap === undefined || SAMPLE_POSSIBLE.zswap(zswap)) &&
    (limits === undefined || SAMPLE_POSSIBLE.limits(limits)) &&
    (events === undefined || isCounters(events)) &&
    (eventsLocal === undefined || isCounters(eventsLocal)) &&
    (pressure === undefined || SAMPLE_POSSIBLE.pressure(pressure)) &&
    (tree === undefined || SAMPLE_POSSIBLE.tree(tree)) &&
    (bpf === undefined || isBpfTotals(bpf));
  return isWhole ? undefined : findSampleFault(fields);
}

const RUN_MAP_NEEDED = {
  id: isNumber,
  type: isString,
  name: isString,
  key_size: isNumber,
  value_size: isNumber,
  max_entries: isNumber,
  bytes: isNumber,
  source: isString,
  unchargedBytes: isNumber,
};

const isHolder = objectOf({ pid: isNumber, comm: isString });
const isNamed = objectOf({ id: isNumber, name: isString });

const isLiveMap = objectOf(
  { ...RUN_MAP_NEEDED, map_flags: isNumber },
  {
    elements: isNumber,
    backlogBytes: isNumber,
    cgroup: isString,
    holders: listOf(isHolder),
    programs: listOf(isNamed),
  },
);

const isProcess = objectOf(
  { pid: isNumber, ppid: isNumber, comm: isString, rss: isNumber, threads: isNumber },
  { pss: isNumber, cpuPercent: isNumber, fds: isNumber, cgroup: isString },
);

const isAdvice = objectOf(
  { text: isString, maps: listOf(isNamed) },
  {
    savesBytes: isNumber,
    options: listOf(objectOf({ change: isString, savesBytes: isNumber })),
    projection: listOf(objectOf({ possibleCpus: isNumber, bytes: isNumber, unchargedPercpuBytes: isNumber })),
  },
);

const isLeftover = objectOf({
  id: isNumber,
  type: isString,
  name: isString,
  bytes: isNumber,
  unchargedBytes: isNumber,
  pinned: isStrings,
  programs: listOf(isNamed),
  links: listOf(objectOf({ id: isNumber, type: isString })),
  holders: listOf(isHolder),
});

const isBpfSummary = objectOf(
  {},
  {
    reason: isString,
    last: isBpfTotals,
    largest: isBpfTotals,
    maps: listOf(objectOf(RUN_MAP_NEEDED, { elements: isNumber })),
    mapBytes: isCounters,
    advice: listOf(isAdvice),
    leftovers: listOf(isLeftover),
    heldPeak: isMapAndProgramCount,
    unavailable: isString,
    hint: isString,
  },
);

const isKernelBreakdown = objectOf({
  kernel: isNumber,
  terms: listOf(objectOf({ id: isString, bytes: isNumber, source: isString })),
  notes: isStrings,
});

const isMaximum = objectOf({ max: isNumber });

/** By the type of the record. */
export const FIND_FAULT: Readonly<Record<RecordLine['type'], FindFault>> = {
  start: faultOf(
    {
      version: isNumber,
      time: isString,
      command: isStrings,
      pid: isNumber,
      mode: isString,
      intervalMs: isNumber,
      placement: objectOf({ kind: isString, reason: isString }),
      host: objectOf({
        kernel: isString,
        arch: isString,
        cpus: isNumber,
        possibleCpus: isNumber,
        pageSizeBytes: isNumber,
        memTotalBytes: isNumber,
      }),
    },
    { leaf: isString, bpfIntervalMs: isNumber, processIntervalMs: isNumber },
  ),
  sample: faultOfSample,
  event: faultOf(
    { elapsedMs: isNumber, event: isString },
    { count: isNumber, increase: isNumber, localIncrease: isNumber, message: isString, hint: isString },
  ),
  maps: faultOf({ elapsedMs: isNumber, maps: listOf(isLiveMap) }, { gone: isNumbers }),
  processes: faultOf(
    { elapsedMs: isNumber, processes: listOf(isProcess) },
    { gone: isNumbers, omitted: isNumber },
  ),
  summary: faultOf(
    {
      version: isNumber,
      durationMs: isNumber,
      exit: objectOf({ status: isNumber }, { code: isNumber, signal: isString, endedBy: isString }),
      samples: objectOf(
        { count: isNumber, late: isNumber, missed: isNumber, longestGapMs: isNumber },
        { dropped: isNumber },
      ),
      averages: isCounters,
      sources: recordOf(isString),
      command: isStrings,
      outlived: listOf(isHolder),
      warnings: isStrings,
    },
    {
      mode: isString,
      leaf: isString,
      peak: objectOf({ bytes: isNumber, source: isString }),
      highest: objectOf(SAMPLE_NEEDED, SAMPLE_POSSIBLE),
      maxima: isCounters,
      kernelBreakdown: isKernelBreakdown,
      events: isCounters,
      eventsLocal: isCounters,
      stallUs: objectOf({}, { some: isNumber, full: isNumber }),
      bpf: isBpfSummary,
      processes: isMaximum,
      nestedCgroups: isMaximum,
    },
  ),
};

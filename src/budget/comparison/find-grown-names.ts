/** What a metric that is too large consists of by name: what grew since a baseline, or the largest names. */

import { COMPARED_MOMENTS } from '../../model/explain/explain-record.ts';
import type { GrownNames } from '../../model/explain/grown-names.ts';
import { certainBytes, compareNames } from '../../model/explain/name-differences.ts';
import type { NamedMemory } from '../../model/explain/name-list.ts';
import type { RunNames } from './run-figures.ts';

/** At most this many names are reported. */
const MAX_NAMES = 10;
/** Names that grew by less than this share of the largest growth are not reported. */
const MIN_SHARE = 0.01;

const KERNEL = [
  ...['kernel', 'slab', 'page-tables', 'kernel-stacks', 'bpf-map', 'bpf-program'],
  ...['pipe', 'socket', 'percpu', 'vmalloc', 'zswap'],
];

/** The groups of names that a metric is the sum of; undefined: all. Metrics without names are not here. */
const GROUPS: readonly [metric: RegExp, groups: readonly string[] | undefined][] = [
  [/^(current|peak|workingset|oom_kill)$/, undefined],
  [/^((active_|inactive_)?anon|rss|anon_thp|rss_huge)$/, ['anon', 'KSM']],
  [/^(file|cache|file_mapped|mapped_file)$/, ['file', 'shmem']],
  [/^(active_file|inactive_file|(file_)?dirty|(file_)?writeback|file_thp)$/, ['file']],
  [/^shmem/, ['shmem']],
  [/^(kernel|unexplained)$/, KERNEL],
  [/^slab/, ['slab', 'bpf-map']],
  [/^(pagetables|sec_pagetables)$/, ['page-tables']],
  [/^kernel_stack$/, ['kernel-stacks']],
  [/^sock$/, ['socket']],
  [/^percpu$/, ['percpu']],
  [/^vmalloc$/, ['vmalloc', 'kernel-stacks', 'bpf-map', 'bpf-program']],
  [/^zswap$/, ['zswap']],
  [/^bpf$/, ['bpf-map', 'bpf-program']],
  [/^bpf\.maps$/, ['bpf-map']],
  [/^bpf\.programs$/, ['bpf-program']],
];

/**
 * The names of the explanation that is nearest to a moment of the run, compared with the baseline's if both
 * were read by the same method; undefined without an explanation, or if the metric has no names.
 * `shownMs`: milliseconds since the launch.
 */
export function findGrownNames(
  metric: string,
  shownMs: number,
  explained: readonly RunNames[] | undefined,
  baseline: readonly RunNames[] | undefined,
): GrownNames | undefined {
  const isOf = partOf(metric);
  const [nearest] = (explained ?? []).toSorted(
    (a, b) => Math.abs(a.elapsedMs - shownMs) - Math.abs(b.elapsedMs - shownMs),
  );
  if (isOf === undefined || nearest === undefined) return undefined;
  const { moment, elapsedMs, method } = nearest;
  const base = baseOf(baseline ?? [], nearest);
  if (base?.method === method) {
    const grown = compareNames(base, nearest, isOf).names.filter(({ difference }) => difference > 0);
    const least = Math.max(0, ...grown.map(certainBytes)) * MIN_SHARE;
    const names = grown.filter((each) => certainBytes(each) >= least).slice(0, MAX_NAMES);
    return {
      moment,
      elapsedMs,
      method,
      baseline: base.moment,
      names: names.map(({ kind, name, now, base: bytes, baseAtMost }) => {
        const was = baseAtMost === undefined ? { baselineBytes: bytes } : { baselineAtMost: baseAtMost };
        return { kind, name, bytes: now, ...was };
      }),
    };
  }
  const reason =
    base === undefined
      ? undefined
      : `the baseline was read by another method (${base.method}): its names are not comparable`;
  const names = nearest.names.filter(isOf).slice(0, MAX_NAMES);
  if (names.length === 0) return undefined;
  return {
    moment,
    elapsedMs,
    method,
    ...(reason === undefined ? {} : { reason }),
    names: names.map(({ kind, name, bytes }) => ({ kind, name, bytes })),
  };
}

/** Those of the same method first, then those of the same moment. */
function baseOf(baseline: readonly RunNames[], { moment, method }: RunNames): RunNames | undefined {
  const rank = (names: RunNames) =>
    (names.method === method ? 0 : COMPARED_MOMENTS.length + 1) +
    (names.moment === moment ? 0 : 1 + COMPARED_MOMENTS.indexOf(names.moment));
  return baseline.toSorted((a, b) => rank(a) - rank(b))[0];
}

function partOf(metric: string): ((name: NamedMemory) => boolean) | undefined {
  const name = metric.replace(/^stat\./, '').replace(/^total_/, '');
  const found = GROUPS.find(([pattern]) => pattern.test(name));
  if (found === undefined) return undefined;
  const [, groups] = found;
  return ({ group }) => groups?.includes(group) ?? true;
}

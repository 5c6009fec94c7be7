/**
 * Handles a budget for a BPF map that the run never had: more likely a typo than a missing map.
 */
import { compileGlob, hasWildcards } from '../../format/glob.ts';
import { nearestName } from '../../format/nearest-name.ts';
import { safeText } from '../../format/safe-text.ts';
import { formatBytes } from '../../format/units.ts';
import { MAP_PREFIX, mapNameIn } from '../../model/metrics.ts';
import { AGGREGATES } from '../expression/metric-catalogue.ts';
import type { Missing } from './not-measured.ts';

/**
 * Why no map has the name that a budget specifies, with a suggestion; undefined if there is one, and for
 * patterns, which may match nothing.
 */
export function missingMap(metric: string, names: ReadonlySet<string>): Missing | undefined {
  const name = mapNameIn(metric);
  if (name === undefined || hasWildcards(name) || names.has(name)) return undefined;
  const reason = `no map of the run is named \`${safeText(name)}\``;
  const meant = meantAggregate(name, names) ?? nearestName(name, names) ?? meantAggregate(name);
  return meant === undefined ? { reason } : { reason, hint: safeText(MAP_PREFIX + meant) };
}

/** The BPF maps of a run by name. */
export interface MapNames {
  /** Charged to the run. */
  own: ReadonlySet<string>;
  /** Held by the run but charged elsewhere: the largest sizes. Unit: bytes. */
  elsewhere: ReadonlyMap<string, number>;
}

/**
 * Why the figure of a name or a pattern is not that of the maps that the run used: they are charged to
 * another cgroup, such as one that was pinned earlier. A pattern that maps of the run match too is only
 * incomplete.
 */
export function mapElsewhere(metric: string, { own, elsewhere }: MapNames): Missing | undefined {
  const glob = mapNameIn(metric);
  if (glob === undefined) return undefined;
  const names = compileGlob(glob);
  const isPartial = hasWildcards(glob) && [...own].some((name) => names.test(name));
  return isPartial ? undefined : describeElsewhere(metric, elsewhere);
}

/** The maps that a name or a pattern matches but that are charged elsewhere; undefined if there are none. */
export function describeElsewhere(
  metric: string,
  elsewhere: ReadonlyMap<string, number>,
): Missing | undefined {
  const glob = mapNameIn(metric);
  if (glob === undefined) return undefined;
  const names = compileGlob(glob);
  const found = [...elsewhere].filter(([name]) => names.test(name));
  if (found.length === 0) return undefined;
  const bytes = found.reduce((sum, [, each]) => sum + each, 0);
  const named = found.map(([name]) => `\`${safeText(name)}\``).join(', ');
  const [what, are] = found.length === 1 ? ['map', 'is'] : ['maps', 'are'];
  return {
    reason: `${what} ${named} (${formatBytes(bytes)}) ${are} held by the run but charged to another cgroup`,
    hint: 'remove the pinned map so that the run creates it; cmemstat maps --group-by cgroup shows who is charged',
  };
}

/** `conns.p59` may be the map `conns` and an aggregate; with `names`, only if it is one of these. */
function meantAggregate(name: string, names?: ReadonlySet<string>): string | undefined {
  const dot = name.lastIndexOf('.');
  const map = name.slice(0, dot);
  if (dot <= 0 || names?.has(map) === false) return undefined;
  const aggregate = nearestName(name.slice(dot + 1), AGGREGATES);
  return aggregate === undefined ? undefined : `${map}.${aggregate}`;
}

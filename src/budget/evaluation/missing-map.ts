/**
 * Handles a budget for a BPF map that the run never had: more likely a typo than a missing map.
 */
import { hasWildcards } from '../../format/glob.ts';
import { nearestName } from '../../format/nearest-name.ts';
import { safeText } from '../../format/safe-text.ts';
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

/** `conns.p59` may be the map `conns` and an aggregate; with `names`, only if it is one of these. */
function meantAggregate(name: string, names?: ReadonlySet<string>): string | undefined {
  const dot = name.lastIndexOf('.');
  const map = name.slice(0, dot);
  if (dot <= 0 || names?.has(map) === false) return undefined;
  const aggregate = nearestName(name.slice(dot + 1), AGGREGATES);
  return aggregate === undefined ? undefined : `${map}.${aggregate}`;
}

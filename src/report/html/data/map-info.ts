/** The definitions of BPF maps as a page shows them. */
import type { RunMap } from '../../../model/recording.ts';
import type { MapInfo } from './page-model.ts';

/** What of a map its definition is made from: of a recording, or of this host. */
type DescribedMap = Readonly<
  Pick<RunMap, 'id' | 'name' | 'type' | 'key_size' | 'value_size' | 'max_entries' | 'unchargedBytes'>
> & {
  readonly atLeast?: true | undefined;
  readonly holders?: readonly { readonly comm: string }[] | undefined;
};

/** The definition of a map. */
export function describeMap(map: DescribedMap): MapInfo {
  return {
    id: map.id,
    name: map.name,
    type: map.type,
    keySize: map.key_size,
    valueSize: map.value_size,
    maxEntries: map.max_entries,
    owners: [...new Set((map.holders ?? []).map(({ comm }) => comm))],
    ...(map.atLeast === undefined ? {} : { atLeast: map.atLeast }),
    ...(map.unchargedBytes > 0 ? { uncharged: map.unchargedBytes } : {}),
  };
}

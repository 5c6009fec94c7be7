/** The maps of a host, or groups of them, as comma- or tab-separated values. */
import { type Column, formatTable, type Separator } from '../../export/delimited-text.ts';
import { holdersText, programsText } from '../../export/record-rows.ts';
import type { ListedMap, MapGroup, MapListing, MapTotals } from './listing.ts';

const MAP_COLUMNS: readonly Column<ListedMap>[] = [
  ['map_id', ({ id }) => id],
  ['name', ({ name }) => name],
  ['type', ({ type }) => type],
  ['bytes', ({ bytes }) => bytes],
  ['at_least', ({ atLeast }) => atLeast],
  ['source', ({ source }) => source],
  ['uncharged_bytes', ({ unchargedBytes }) => unchargedBytes],
  ['memlock_bytes', ({ memlock }) => memlock],
  ['backlog_bytes', ({ backlogBytes }) => backlogBytes],
  ['elements', ({ elements }) => elements],
  ['max_entries', ({ max_entries }) => max_entries],
  ['key_size_bytes', ({ key_size }) => key_size],
  ['value_size_bytes', ({ value_size }) => value_size],
  ['map_flags', ({ map_flags }) => map_flags],
  ['anonymous', ({ anonymous }) => anonymous],
  ['orphaned', ({ orphaned }) => orphaned],
  ['cgroup', ({ cgroup }) => cgroup],
  ['pinned', ({ pinned }) => (pinned.length === 0 ? undefined : pinned.join(' '))],
  ['holders', ({ holders }) => (holders.length === 0 ? undefined : holdersText(holders))],
  ['programs', ({ programs }) => (programs.length === 0 ? undefined : programsText(programs))],
];

/** A group, or the sum of the rows that are not shown: `others` below a threshold, `more` beyond a limit. */
type SumRow = MapTotals & { readonly row: 'group' | 'others' | 'more'; readonly key: string | undefined };

const GROUP_COLUMNS: readonly Column<SumRow>[] = [
  ['row', ({ row }) => row],
  ['group', ({ key }) => key],
  ['maps', ({ maps }) => maps],
  ['bytes', ({ bytes }) => bytes],
  ['at_least', ({ atLeast }) => atLeast],
  ['uncharged_bytes', ({ unchargedBytes }) => unchargedBytes],
  ['memlock_bytes', ({ memlock }) => memlock],
  ['elements', ({ elements }) => elements],
];

/**
 * The rows of one reading, after the names of the columns if it is the first. Maps that are not shown have no
 * row; in a list of groups, their sums have one.
 */
export function* mapRows(
  listing: MapListing,
  { time, separator, isFirst }: { time: string; separator: Separator; isFirst: boolean },
): Generator<string> {
  const { maps, groups = [], others, hidden } = listing;
  const sums: SumRow[] = [
    ...groups.map((group: MapGroup) => ({ row: 'group' as const, ...group })),
    ...(others === undefined ? [] : [{ row: 'others' as const, key: undefined, ...others }]),
    ...(hidden === undefined ? [] : [{ row: 'more' as const, key: undefined, ...hidden }]),
  ];
  const timeColumn = ['time', () => time] as const;
  const lines =
    maps === undefined
      ? formatTable([timeColumn, ...GROUP_COLUMNS], sums, separator)
      : formatTable([timeColumn, ...MAP_COLUMNS], maps, separator);
  if (!isFirst) lines.next();
  yield* lines;
}

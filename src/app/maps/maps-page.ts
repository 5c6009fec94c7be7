/** `cmemstat maps --html`: the maps of one reading as a page. */
import { release } from 'node:os';
import { plural } from '../../format/plural.ts';
import { formatBytes } from '../../format/units.ts';
import { composeMaps, type MapView, VIEWS } from '../../report/html/data/composition.ts';
import type { MapEntity, RunModel } from '../../report/html/data/page-model.ts';
import { readPageAssets } from '../../report/html/page-assets.ts';
import { renderPage } from '../../report/html/render-page.ts';
import { VERSION } from '../../version.ts';
import type { ListedMap } from './listing.ts';
import type { MapsReading } from './maps.ts';

const MAP_VIEWS: readonly MapView[] = ['maps-name', 'maps-type', 'maps-owner'];
/** More maps are in the sums only. */
const MAX_MAPS = 5000;
const DEFAULT_THRESHOLD = 0.01;

/** The page: compositions by name, type and owner, and a table. @throws as `readPageAssets`. */
export function renderMapsPage(
  reading: MapsReading,
  threshold: number | undefined,
  now: Date,
  assets = readPageAssets(),
): string {
  const { attribution, reason, hint, advice = [] } = reading;
  const all = reading.maps.toSorted((a, b) => b.bytes - a.bytes);
  const maps: RunModel['maps'] = {
    moments: [0],
    entities: all.slice(0, MAX_MAPS).map(toEntity),
    omitted: Math.max(0, all.length - MAX_MAPS),
  };
  const everything = { ...maps, entities: all.map(toEntity) };
  const bytes = all.reduce((sum, map) => sum + map.bytes, 0);
  const how =
    attribution === 'memcg' ? 'by the cgroup that the kernel charges' : 'by the processes that hold them';
  return renderPage(
    {
      title: 'cmemstat maps',
      subject: `BPF maps on Linux ${release()}`,
      runs: [],
      maps,
      trees: MAP_VIEWS.flatMap((view) => {
        const root = composeMaps(everything, view, 0);
        const label = VIEWS.find(({ id }) => id === view)?.label ?? view;
        return root === undefined ? [] : [{ label, note: SIZES, root }];
      }),
      facts: [
        {
          heading: 'Reading',
          rows: [
            ['Time', now.toISOString()],
            ['Maps', `${plural(all.length, 'map')}, ${formatBytes(bytes)}`],
            ['Attribution', `${attribution}: ${how}`],
            ...(reason === undefined
              ? []
              : [['Reason', hint === undefined ? reason : `${reason} (hint: ${hint})`] as const]),
            ['cmemstat', VERSION],
          ],
        },
      ],
      advice,
      notes:
        maps.omitted > 0
          ? [`${maps.omitted} BPF maps are not in the table, the smallest; the compositions contain them`]
          : [],
      recordings: [],
      threshold: threshold ?? DEFAULT_THRESHOLD,
    },
    assets,
  );
}

const SIZES =
  'Sizes are the kernel’s own figures where they are exact, and computed by its formulas otherwise.';

function toEntity(map: ListedMap): MapEntity {
  return {
    id: map.id,
    name: map.name,
    type: map.type,
    keySize: map.key_size,
    valueSize: map.value_size,
    maxEntries: map.max_entries,
    owners: [...new Set(map.holders.map(({ comm }) => comm))],
    ...(map.atLeast === undefined ? {} : { atLeast: map.atLeast }),
    ...(map.unchargedBytes > 0 ? { uncharged: map.unchargedBytes } : {}),
    changes: [0, map.bytes, map.elements ?? -1, map.backlogBytes ?? -1],
    max: map.bytes,
    maxMs: 0,
    first: map.bytes,
    last: map.bytes,
  };
}

/** `cmemstat maps --html`: the maps of one reading as a page. */

import { release } from 'node:os';
import { hintSuffix } from '../../format/hint.ts';
import { plural } from '../../format/plural.ts';
import { formatBytes } from '../../format/units.ts';
import { composeMaps, labelOf, type MapView } from '../../report/html/data/composition.ts';
import { describeMap } from '../../report/html/data/map-info.ts';
import type { MapEntity, RunModel } from '../../report/html/data/page-model.ts';
import { readPageAssets } from '../../report/html/page-assets.ts';
import { renderPage } from '../../report/html/render-page.ts';
import { fact } from '../../report/html/sections/section.ts';
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
  refreshMs?: number,
): string {
  const { attribution, reason, hint, advice = [] } = reading;
  const all = reading.maps.toSorted((a, b) => b.bytes - a.bytes);
  const everything: RunModel['maps'] = { moments: [0], entities: all.map(toEntity), omitted: 0 };
  const maps = {
    ...everything,
    entities: everything.entities.slice(0, MAX_MAPS),
    omitted: Math.max(0, all.length - MAX_MAPS),
  };
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
        return root === undefined ? [] : [{ label: labelOf(view), note: SIZES, root }];
      }),
      facts: [
        {
          heading: 'Reading',
          rows: [
            ['Time', now.toISOString()],
            ['Maps', `${plural(all.length, 'map')}, ${formatBytes(bytes)}`],
            ['Attribution', `${attribution}: ${how}`],
            ...fact('Reason', reason === undefined ? undefined : `${reason}${hintSuffix(hint)}`),
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
      ...(refreshMs === undefined ? {} : { refreshMs }),
    },
    assets,
  );
}

const SIZES =
  'Sizes are the kernel’s own figures where they are exact, and computed by its formulas otherwise.';

function toEntity(map: ListedMap): MapEntity {
  return {
    ...describeMap(map),
    changes: [0, map.bytes, map.elements ?? -1, map.backlogBytes ?? -1],
    max: map.bytes,
    maxMs: 0,
    first: map.bytes,
    last: map.bytes,
  };
}

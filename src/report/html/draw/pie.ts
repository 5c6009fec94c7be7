/** A pie of a part: the shares of its parts. */
import { arc, pie as layoutPie } from 'd3-shape';
import { formatBytes } from '../../../format/units.ts';
import { shownParts } from '../data/composition.ts';
import type { Part } from '../data/page-model.ts';
import { fillOf } from './chart-colors.ts';
import { escapeName, formatShare } from './markup.ts';

const SIZE = 320;
const RADIUS = 150;
/** A smaller share has no label. */
const MIN_LABEL = 0.04;

/** The pie as SVG; slices have `data-part`, the place among the parts that are shown. */
export function pieMarkup(whole: Part, threshold: number): string {
  const shown = shownParts(whole, threshold);
  const slices = layoutPie<Part>()
    .value(({ bytes }) => bytes)
    .sort(null)(shown);
  const shape = arc<(typeof slices)[number]>()
    .innerRadius(RADIUS * 0.5)
    .outerRadius(RADIUS);
  const labels = arc<(typeof slices)[number]>()
    .innerRadius(RADIUS * 0.75)
    .outerRadius(RADIUS * 0.75);
  const total = shown.reduce((sum, { bytes }) => sum + bytes, 0);
  const drawn = slices.map((slice, index) => {
    const { data } = slice;
    const share = formatShare(data.bytes / total);
    const [x, y] = labels.centroid(slice);
    const text =
      data.bytes / total < MIN_LABEL
        ? ''
        : `<text x="${x.toFixed(1)}" y="${(y + 4).toFixed(1)}" text-anchor="middle" fill="#111">${share.replace('.0 %', ' %')}</text>`;
    return `<g data-part="${index}"><title>${escapeName(data.name)}: ${formatBytes(data.bytes)}, ${share}</title><path d="${shape(slice) ?? ''}" fill="${fillOf(index, data.kind)}" stroke="#fff"/>${text}</g>`;
  });
  const label = `Pie of ${whole.name}, ${formatBytes(whole.bytes)}; the table has the same figures`;
  return `<svg class="pie" viewBox="${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}" role="img" aria-label="${escapeName(label)}" font-family="sans-serif" font-size="12">${drawn.join('')}<text class="total" y="5" text-anchor="middle" font-size="16" fill="#666">${formatBytes(whole.bytes)}</text></svg>`;
}

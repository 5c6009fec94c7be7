/** A treemap of a part: its parts, and theirs, by size. */
import { hierarchy, treemap as layoutTreemap, treemapSquarify } from 'd3-hierarchy';
import { formatBytes } from '../../../format/units.ts';
import { shownParts } from '../data/composition.ts';
import type { Part } from '../data/page-model.ts';
import { fillOf } from './chart-colors.ts';
import { escapeName, escapeText, formatShare } from './markup.ts';

interface Box {
  part: Part;
  /** Its place among the parts of the whole, or that of the part above. */
  index: number;
}

const WIDTH = 720;
const HEIGHT = 360;
const HEAD = 18;
/** Width of a character. */
const EM = 6.6;

/** The treemap as SVG; boxes have `data-part`, the place among the parts that are shown. */
export function treemapMarkup(whole: Part, threshold: number): string {
  const shown = shownParts(whole, threshold);
  const root = hierarchy<Box>({ part: whole, index: -1 }, ({ part, index }) => {
    if (index === -1) return shown.map((each, at) => ({ part: each, index: at }));
    const isTop = shown[index] === part;
    return isTop && part.kind !== 'others'
      ? shownParts(part, threshold).map((each) => ({ part: each, index }))
      : undefined;
  });
  // A parent may be larger than what its parts add up to.
  root.eachAfter((node) => {
    const inner = node.children?.reduce((sum, { value = 0 }) => sum + value, 0);
    Object.assign(node, { value: inner === undefined || inner === 0 ? node.data.part.bytes : inner });
  });
  const placed = layoutTreemap<Box>()
    .tile(treemapSquarify.ratio(1.3))
    .size([WIDTH, HEIGHT])
    .round(true)
    .paddingInner(2)
    .paddingTop((node) => (node.depth === 1 && node.children !== undefined ? HEAD : 0))(root);
  const boxes = placed.descendants().flatMap((node) => {
    if (node.depth === 0) return [];
    const [width, height] = [node.x1 - node.x0, node.y1 - node.y0];
    if (width < 1 || height < 1) return [];
    return [
      boxMarkup(
        node.data,
        whole,
        { x: node.x0, y: node.y0, width, height },
        node.depth === 1 && node.children !== undefined,
      ),
    ];
  });
  const label = `Treemap of ${whole.name}, ${formatBytes(whole.bytes)}; the table has the same figures`;
  return `<svg class="treemap" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeName(label)}" font-family="sans-serif" font-size="12">${boxes.join('')}</svg>`;
}

function boxMarkup(
  { part, index }: Box,
  whole: Part,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  isParent: boolean,
): string {
  const fill = fillOf(index, part.kind);
  const share = formatShare(part.bytes / whole.bytes);
  const title = `<title>${escapeName(part.name)}: ${formatBytes(part.bytes)}, ${share}</title>`;
  const rect = `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}" stroke="#fff" stroke-opacity="0.6"/>`;
  const lines = isParent
    ? [`${part.name}  ${formatBytes(part.bytes)}`]
    : [part.name, formatBytes(part.bytes)];
  const texts = lines.flatMap((text, line) => {
    const room = Math.floor((width - 8) / EM);
    if (room < 3 || height < 16 + line * 14) return [];
    return [
      `<text x="${x + 4}" y="${y + 13 + line * 14}" fill="#111"${isParent ? ' font-weight="bold"' : ''}>${escapeText(cut(text, room))}</text>`,
    ];
  });
  return `<g data-part="${index}">${title}${rect}${texts.join('')}</g>`;
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 2))}..`;
}

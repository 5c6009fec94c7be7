/** The charts and the table of a composition. */
import { formatBytes } from '../../../format/units.ts';
import { shownParts } from '../data/composition.ts';
import type { Part } from '../data/page-model.ts';
import { fillOf } from './chart-colors.ts';
import { escapeName, escapeText, formatShare, tableMarkup } from './markup.ts';
import { pieMarkup } from './pie.ts';
import { treemapMarkup } from './treemap.ts';

/** More rows say little; the rest is one row. */
const MAX_ROWS = 300;

/** Treemap, pie and table. `isActive`: rows with parts are buttons that descend. */
export function compositionMarkup(whole: Part, threshold: number, isActive: boolean): string {
  return `<div class="charts"><div>${treemapMarkup(whole, threshold)}</div><div>${pieMarkup(whole, threshold)}</div></div>${partTable(whole, threshold, isActive)}`;
}

function partTable(whole: Part, threshold: number, isActive: boolean): string {
  const parts = shownParts(whole, threshold);
  const rows = parts.slice(0, MAX_ROWS).map((part, index) => {
    const swatch = `<svg class="swatch" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="2" fill="${fillOf(index, part.kind)}"/></svg> `;
    const name = escapeName(part.name);
    const isOpen = isActive && part.parts !== undefined && part.parts.length > 0;
    return [
      `${swatch}${isOpen ? `<button type="button" class="descend" data-part="${index}">${name}</button>` : name}`,
      formatBytes(part.bytes),
      formatShare(part.bytes / whole.bytes),
      escapeText(describe(part)),
    ];
  });
  const rest = parts.slice(MAX_ROWS);
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, part) => sum + part.bytes, 0);
    rows.push([`${rest.length} more`, formatBytes(bytes), formatShare(bytes / whole.bytes), '']);
  }
  return tableMarkup(
    `Composition of ${whole.name}: ${formatBytes(whole.bytes)}`,
    [
      { heading: 'Part' },
      { heading: 'Size', isNumber: true },
      { heading: 'Share', isNumber: true },
      { heading: 'What it is' },
    ],
    rows,
  );
}

function describe({ kind, note, parts }: Part): string {
  const inner = parts === undefined ? [] : [`${parts.length} ${parts.length === 1 ? 'part' : 'parts'}`];
  return [
    ...(kind === undefined || kind === 'others' ? [] : [kind]),
    ...(note === undefined || note === '' ? [] : [note]),
    ...inner,
  ].join('; ');
}

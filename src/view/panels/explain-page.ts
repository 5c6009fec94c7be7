/** The memory of the leaf by name, as a tree. */
import { hintSuffix } from '../../format/hint.ts';
import { plural } from '../../format/plural.ts';
import { formatDuration } from '../../format/units.ts';
import type { Reclaim } from '../../model/explain/explanation.ts';
import { unnamedBytes } from '../../model/explain/memory-tree.ts';
import { ownValue } from '../../model/own-value.ts';
import { methodText, nodeText } from '../../output/explanation-text.ts';
import { type MemoryRow, memoryRows, selectedRow } from '../state/memory-rows.ts';
import type { ExplainDialog, Explained, ShownExplanation, UiState, View } from '../state/view.ts';
import { fitLine, fitRight, fitText, widthOf } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { formatShare, formatSize } from './figure-text.ts';
import { fillUp, renderWrapped } from './pieces.ts';

const RECLAIM_MEANING: Readonly<Record<Reclaim, string>> = {
  reclaimable: 'the kernel can drop it at any time',
  dirty: 'the kernel can drop it after writing it to disk or to swap',
  process: 'released when its process exits or lets go of it',
  kernel: 'held by the kernel for something that exists',
  persistent: 'stays when all processes have exited',
};

/** Columns before the names, the widest first; narrow terminals have fewer. */
const ROOM_FOR_RECLAIM = 56;
const ROOM_FOR_SHARE = 36;

/** The height from which the whole name of the selected row is below the tree. */
const ROOM_FOR_DETAIL = 12;
const DETAIL_ROWS = 3;

/** Draws the page: exactly `size.height` lines of `size.width` columns. */
export function renderExplainPage(view: View, dialog: ExplainDialog, size: Size): Line[] {
  const { explained, unicode } = view;
  if (explained?.state !== 'read') return fillUp(renderWaiting(explained, unicode, size.width), size);
  const { explanation } = explained;
  const head = renderHead(explanation, view, size.width).slice(0, Math.max(0, size.height - 4));
  const rows = memoryRows(explanation.tree, dialog.toggled);
  const at = selectedRow(rows, dialog.selected);
  const detailRows = size.height >= ROOM_FOR_DETAIL ? DETAIL_ROWS : 0;
  const room = Math.max(0, size.height - head.length - 1 - detailRows);
  const tree = renderRows(explanation, rows, at, view, { width: size.width, height: room });
  const notes = renderNotes(explanation, view, { width: size.width, height: room - tree.length });
  const body = fillUp([...tree, ...notes], { width: size.width, height: room });
  const detail = fillUp(renderDetail(rows[at], view, size.width), { width: size.width, height: detailRows });
  return fillUp([...head, titles(view.ui.units, size.width), ...body, ...detail], size);
}

/** There is nothing to show yet, or at all. */
function renderWaiting(
  explained: Exclude<Explained, { state: 'read' }> | undefined,
  unicode: boolean,
  width: number,
): Line[] {
  if (explained?.state === 'failed') {
    const hint = hintSuffix(explained.hint);
    const text = shownText(`${explained.message}${hint}`, unicode);
    return renderWrapped({ text: '  ' }, { text, style: 'warning' }, width);
  }
  const share = explained === undefined || explained.share === 0 ? '' : ` ${formatShare(explained.share, 1)}`;
  return [fitLine([{ text: `  reading pages${unicode ? '…' : '...'}${share}`, style: 'dim' }], width)];
}

/** When, how, and how complete. */
function renderHead(explanation: ShownExplanation, view: View, width: number): Line[] {
  const { elapsedMs, moment, message, method, reason, hint, after, tree, frozen } = explanation;
  const { unicode } = view;
  const { units } = view.ui;
  const fact = (label: string, text: string): Span[] => [
    { text: `  ${label} `, style: 'dim' },
    { text, style: 'strong' },
  ];
  const unnamed = unnamedBytes(tree);
  const why = reason === undefined ? undefined : `${reason}${hintSuffix(hint)}`;
  const wrapped = (label: string, text: string, style: Role) =>
    renderWrapped({ text: `  ${label}`, style: 'dim' }, { text: shownText(text, unicode), style }, width);
  return [
    fitLine(
      [
        ...fact('at', `${formatDuration(elapsedMs)}${moment === undefined ? '' : ` (${moment})`}`),
        ...fact('current', formatSize(after.current, units)),
        ...fact('unnamed', `${formatSize(unnamed, units)} (${formatShare(unnamed, tree.bytes)})`),
        ...fact('method', `${method}${frozen === undefined ? '' : ', frozen'}`),
      ],
      width,
    ),
    ...(message === undefined ? [] : wrapped('exceeded ', message, 'bad')),
    ...(why === undefined ? [] : wrapped('', `${methodText(method)}: ${why}`, 'warning')),
  ];
}

function titles(units: UiState['units'], width: number): Line {
  return fitLine(
    [{ text: `${columns('bytes', 'share', 'reclaim', units, width)}  name`, style: 'dim' }],
    width,
  );
}

/** The figures of a row, as far as there is room for them. */
function columns(
  bytes: string,
  share: string,
  reclaim: string,
  units: UiState['units'],
  width: number,
): string {
  return [
    `  ${fitRight(bytes, units === 'readable' ? 9 : 14, false)}`,
    ...(width >= ROOM_FOR_SHARE ? [fitRight(share, 6, false)] : []),
    ...(width >= ROOM_FOR_RECLAIM ? [` ${fitText(reclaim, 11, false)}`] : []),
  ].join(' ');
}

/** The rows around the selected one. */
function renderRows(
  { tree }: ShownExplanation,
  rows: readonly MemoryRow[],
  at: number,
  view: View,
  { width, height }: Size,
): Line[] {
  const from = Math.max(0, Math.min(rows.length - height, at - Math.floor(height / 2)));
  const { units } = view.ui;
  return rows.slice(from, from + height).map((row, index) => {
    const { node } = row;
    const share = formatShare(node.bytes, tree.bytes);
    const reclaim = row.more === undefined ? node.reclaim : '';
    const figures = columns(formatSize(node.bytes, units), share, reclaim, units, width);
    const lead = `${figures}  ${'  '.repeat(row.depth)}${markOf(row, view.unicode)} `;
    const room = width - widthOf(lead);
    const name = fitText(rowText(row, view.unicode, room), room, view.unicode);
    if (from + index === at)
      return fitLine([{ text: `${lead}${name}`, style: 'selected' }], width, 'selected');
    const isNamed = node.kind !== 'unnamed' && row.more === undefined;
    return fitLine([{ text: lead }, { text: name, style: isNamed ? roleOf(row) : 'dim' }], width);
  });
}

function roleOf({ depth, isOpen }: MemoryRow): Role {
  return depth === 0 ? 'title' : isOpen === undefined ? 'plain' : 'strong';
}

function markOf({ isOpen }: MemoryRow, unicode: boolean): string {
  if (isOpen === undefined) return ' ';
  if (unicode) return isOpen ? '▾' : '▸';
  return isOpen ? '-' : '+';
}

function rowText({ node, more }: MemoryRow, unicode: boolean, width?: number): string {
  return more === undefined ? shownText(nodeText(node, width, unicode ? '…' : '~'), unicode) : `${more} more`;
}

/** The whole name, and what it takes to get the memory back. */
function renderDetail(row: MemoryRow | undefined, view: View, width: number): Line[] {
  if (row === undefined) return [];
  const { reclaim } = row.node;
  const text = row.more === undefined ? rowText(row, view.unicode) : `${plural(row.more, 'smaller part')}`;
  const [first = [], ...others] = renderWrapped({ text: '  ' }, { text, style: 'strong' }, width);
  const second = others[0];
  const meaning: Line[] =
    row.more === undefined
      ? [
          fitLine(
            [
              {
                text: `  ${reclaim}: ${ownValue(RECLAIM_MEANING, reclaim) ?? 'not known to this version'}`,
                style: 'dim',
              },
            ],
            width,
          ),
        ]
      : [];
  return [first, ...(second === undefined ? [] : [second]), ...meaning];
}

/** What is not in the tree: advice, memory beside it, and what is missing; as far as there is room. */
function renderNotes({ advice, beside, missing }: ShownExplanation, view: View, size: Size): Line[] {
  const { unicode } = view;
  const { units } = view.ui;
  const notes: [lead: string, text: string, style: Role][] = [
    ...advice.map(({ text }): [string, string, Role] => ['advice: ', text, 'good']),
    ...beside.map((node): [string, string, Role] => [
      'beside: ',
      `${formatSize(node.bytes, units)} ${nodeText(node)}, not charged to this cgroup, or counted elsewhere`,
      'plain',
    ]),
    ...missing.map(({ term, reason, hint }): [string, string, Role] => [
      'missing: ',
      `${term}: ${reason}${hintSuffix(hint)}`,
      'warning',
    ]),
  ];
  const lines = notes.flatMap(([lead, text, style]) =>
    renderWrapped({ text: `  ${lead}`, style: 'dim' }, { text: shownText(text, unicode), style }, size.width),
  );
  if (lines.length === 0 || size.height < 2) return [];
  const room = size.height - 1;
  const shown = lines.length <= room ? lines : lines.slice(0, room - 1);
  const left = lines.length - shown.length;
  const more = fitLine(
    [{ text: `  and ${plural(left, 'line')} in a taller terminal`, style: 'dim' }],
    size.width,
  );
  return [fitLine([], size.width), ...shown, ...(left === 0 ? [] : [more])];
}

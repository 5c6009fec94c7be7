/** The panel layout for a terminal size. */
import type { Size } from '../text/line.ts';
import type { Content } from './content.ts';
import type { ListId, PanelId } from './view.ts';

/** The area of a panel, including its title line. Columns and rows from 0. */
export interface Region {
  panel: PanelId;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** How the screen is divided. */
export type Layout =
  /** Too small for panels. */
  | { kind: 'status-line' }
  | { kind: 'panels'; headerHeight: number; endHeight: number; regions: Region[]; footerTop: number };

/** Below this size only a status line is shown. */
const MIN_SIZE: Size = { width: 60, height: 15 };

/** From this size on there are two columns with all panels. */
const TWO_COLUMNS: Size = { width: 110, height: 34 };

/** From this width on the list of maps does not need its own row. */
const WIDE = 160;

/** Size of the breakdown and the timeline if several lists fit below them. */
const UPPER_ROWS = 24;

/** Minimum height of a list. */
const MIN_LIST_HEIGHT = 4;

/** Two lists that are shown together without maps, and the minimum height for both. */
const LIST_PAIR: readonly ListId[] = ['processes', 'output'];
const MIN_PAIR_HEIGHT = 7;

const LISTS: readonly ListId[] = ['maps', 'processes', 'pressure', 'output'];

/** Computes the layout; `endHeight` lines below the header show how the run ended. */
export function layOut(size: Size, content: Content, endHeight = 0): Layout {
  if (size.width < MIN_SIZE.width || size.height < MIN_SIZE.height) return { kind: 'status-line' };
  const headerHeight = size.height >= 30 ? 3 : 2;
  const footerTop = size.height - 1;
  const top = headerHeight + endHeight;
  const body = { left: 0, top, width: size.width, height: footerTop - top };
  const regions = divide(body, size, content);
  return { kind: 'panels', headerHeight, endHeight, regions, footerTop };
}

type Rectangle = Omit<Region, 'panel'>;

function divide(body: Rectangle, size: Size, content: Content): Region[] {
  if (content.zoom) return [{ panel: content.focus, ...body }];
  if (size.width < TWO_COLUMNS.width || size.height < TWO_COLUMNS.height) return oneColumn(body, content);
  return inRows(body, withoutEmpty(size.width >= WIDE ? WIDE_ROWS : MEDIUM_ROWS, content));
}

/** Rows of one or two panels, with the share of the height of each row. */
const WIDE_ROWS: readonly Row[] = [
  { panels: ['breakdown', 'timeline'], share: 0.38 },
  { panels: ['maps', 'processes'], share: 0.31 },
  { panels: ['pressure', 'output'], share: 0.31 },
];
const MEDIUM_ROWS: readonly Row[] = [
  { panels: ['breakdown', 'timeline'], share: 0.38 },
  { panels: ['maps'], share: 0.24 },
  { panels: ['processes', 'pressure'], share: 0.21 },
  { panels: ['output'], share: 0.17 },
];

interface Row {
  panels: readonly PanelId[];
  share: number;
}

/** The rows of the panels that are not empty, which get the space of the others. */
function withoutEmpty(rows: readonly Row[], { empty }: Content): Row[] {
  const left = rows
    .map(({ panels, share }) => ({ panels: panels.filter((panel) => !empty.has(panel)), share }))
    .filter(({ panels }) => panels.length > 0);
  const all = left.reduce((sum, { share }) => sum + share, 0);
  return left.map(({ panels, share }) => ({ panels, share: share / all }));
}

function inRows(body: Rectangle, rows: readonly Row[]): Region[] {
  let top = body.top;
  return rows.flatMap(({ panels: [left, right], share }, row) => {
    if (left === undefined) return [];
    const isLast = row === rows.length - 1;
    const height = isLast ? body.top + body.height - top : Math.round(body.height * share);
    const place = { top, height };
    top += height;
    if (right === undefined) return [{ panel: left, left: body.left, width: body.width, ...place }];
    // One column between the two is the separator.
    const width = Math.floor((body.width - 1) / 2);
    return [
      { panel: left, left: body.left, width, ...place },
      { panel: right, left: width + 1, width: body.width - width - 1, ...place },
    ];
  });
}

function oneColumn(body: Rectangle, { list, empty, wanted }: Content): Region[] {
  const others = LISTS.filter((each) => each !== list && !empty.has(each));
  // Additional space is used for further lists, of ten rows each.
  const further = Math.max(0, Math.min(others.length, Math.floor((body.height - 36) / 10)));
  const upper =
    further > 0 ? UPPER_ROWS : body.height - Math.max(MIN_LIST_HEIGHT, Math.floor(body.height * 0.34));
  const timelineRows =
    further > 0
      ? Math.floor(upper * 0.42)
      : Math.max(3, Math.min(5, upper - 4), Math.floor(body.height * 0.24));
  const breakdownRows = Math.min(upper - timelineRows, wanted.breakdown ?? upper);
  const room = body.height - timelineRows - breakdownRows;
  const pair = LIST_PAIR.includes(list) && empty.has('maps') && room >= MIN_PAIR_HEIGHT;
  const beside =
    further > 0 ? others.slice(0, further) : others.filter((each) => pair && LIST_PAIR.includes(each));
  const shown = [list, ...beside].toSorted((a, b) => LISTS.indexOf(a) - LISTS.indexOf(b));
  const heights = listHeights(shown, room, wanted);
  let top = body.top;
  const place = (panel: PanelId, height: number): Region => {
    const region = { panel, left: body.left, top, width: body.width, height };
    top += height;
    return region;
  };
  return [
    place('breakdown', breakdownRows),
    place('timeline', timelineRows),
    ...shown.map((panel, at) => place(panel, heights[at] ?? 0)),
  ];
}

/** Equal heights, except for lists that are complete with less; the last one gets the rest. */
function listHeights(shown: readonly ListId[], room: number, wanted: Content['wanted']): number[] {
  let left = room;
  return shown.map((panel, at) => {
    const isLast = at === shown.length - 1;
    const share = Math.ceil(left / (shown.length - at));
    const height = isLast ? left : Math.min(share, wanted[panel] ?? share);
    left -= height;
    return height;
  });
}

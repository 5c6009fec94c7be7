/** The panel layout for a terminal size. */
import type { Size } from '../text/line.ts';
import type { ListId, PanelId, UiState } from './view.ts';

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

const LISTS: readonly ListId[] = ['maps', 'processes', 'pressure', 'output'];

/** Computes the layout; `endHeight` lines below the header show how the run ended. */
export function layOut(size: Size, ui: Pick<UiState, 'focus' | 'list' | 'zoom'>, endHeight = 0): Layout {
  if (size.width < MIN_SIZE.width || size.height < MIN_SIZE.height) return { kind: 'status-line' };
  const headerHeight = size.height >= 30 ? 3 : 2;
  const footerTop = size.height - 1;
  const top = headerHeight + endHeight;
  const body = { left: 0, top, width: size.width, height: footerTop - top };
  const regions = divide(body, size, ui);
  return { kind: 'panels', headerHeight, endHeight, regions, footerTop };
}

type Rectangle = Omit<Region, 'panel'>;

function divide(body: Rectangle, size: Size, ui: Pick<UiState, 'focus' | 'list' | 'zoom'>): Region[] {
  if (ui.zoom) return [{ panel: ui.focus, ...body }];
  if (size.width < TWO_COLUMNS.width || size.height < TWO_COLUMNS.height) return oneColumn(body, ui.list);
  return inRows(body, size.width >= WIDE ? WIDE_ROWS : MEDIUM_ROWS);
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
  panels: readonly [PanelId] | readonly [PanelId, PanelId];
  share: number;
}

function inRows(body: Rectangle, rows: readonly Row[]): Region[] {
  let top = body.top;
  return rows.flatMap(({ panels: [left, right], share }, row) => {
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

function oneColumn(body: Rectangle, list: ListId): Region[] {
  const lists = [list, ...LISTS.filter((each) => each !== list)];
  // Additional space is used for further lists, of ten rows each.
  const further = Math.max(0, Math.min(lists.length - 1, Math.floor((body.height - 36) / 10)));
  const shown = lists.slice(0, 1 + further).toSorted((a, b) => LISTS.indexOf(a) - LISTS.indexOf(b));
  const listRows =
    further > 0
      ? Math.floor((body.height - UPPER_ROWS) / shown.length)
      : Math.max(4, Math.floor(body.height * 0.34));
  const upper = body.height - listRows * shown.length;
  const timelineRows =
    further > 0
      ? Math.floor(upper * 0.42)
      : Math.max(3, Math.min(5, upper - 4), Math.floor(body.height * 0.24));
  let top = body.top;
  const place = (panel: PanelId, height: number): Region => {
    const region = { panel, left: body.left, top, width: body.width, height };
    top += height;
    return region;
  };
  return [
    place('breakdown', upper - timelineRows),
    place('timeline', timelineRows),
    ...shown.map((panel) => place(panel, listRows)),
  ];
}

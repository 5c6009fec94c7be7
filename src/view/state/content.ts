/** Which panels have nothing to show, and how much space the others need. */
import { type ListId, PANELS, type PanelId, type View, type ViewData } from './view.ts';

/** What the layout depends on besides the size. */
export interface Content {
  focus: PanelId;
  zoom: boolean;
  /** The list that is shown if there is space for only one. */
  list: ListId;
  /** Panels that are left out. */
  empty: ReadonlySet<PanelId>;
  /** The number of lines with which each panel is complete, including its title; absent for any number. */
  wanted: Partial<Record<PanelId, number>>;
}

/** The lists in the order in which they replace an empty one. */
const BY_USE: readonly ListId[] = ['maps', 'processes', 'output', 'pressure'];

/** The lines of a list with its title, the titles of columns, and totals if there are several rows. */
function listLines(rows: number): number {
  return 2 + rows + (rows > 2 ? 1 : 0);
}

/** The content of a view; `breakdown` is the number of lines of that panel. */
export function contentOf(view: View, breakdown: number): Content {
  const { ui, data } = view;
  const empty = emptyPanels(view);
  const wanted = {
    breakdown,
    maps: listLines(data.maps.size || (data.summary?.bpf?.maps?.length ?? 0)),
    processes: listLines(data.processes.size),
  };
  return { focus: ui.focus, zoom: ui.zoom, list: mainList(view, empty), empty, wanted };
}

/** The list that is shown if there is space for only one: the last focused one, unless it is empty. */
export function mainList(view: View, empty = emptyPanels(view)): ListId {
  const { list } = view.ui;
  return empty.has(list) ? (BY_USE.find((each) => !empty.has(each)) ?? list) : list;
}

/**
 * The panels without anything to show, now and in the further run as far as is known; never the focused one.
 */
export function emptyPanels(view: View): ReadonlySet<PanelId> {
  return new Set(PANELS.filter((panel) => panel !== view.ui.focus && isEmpty(view, panel)));
}

function isEmpty({ data, status, output }: View, panel: PanelId): boolean {
  switch (panel) {
    case 'maps':
      return data.maps.size === 0 && (data.summary?.bpf?.maps ?? []).length === 0;
    case 'processes':
      return data.processes.size === 0 && (data.summary !== undefined || hasNoProcesses(data));
    case 'pressure':
      return data.latest?.pressure === undefined && data.events.length === 0 && !hasCounts(data);
    case 'output':
      return output.lines.length === 0 && (hasNoOutput(data) || status.replay !== undefined);
    default:
      return false;
  }
}

/** What was not started writes elsewhere. */
function hasNoOutput({ start, summary }: ViewData): boolean {
  return summary !== undefined || start?.attached !== undefined;
}

function hasNoProcesses({ start }: ViewData): boolean {
  return start !== undefined && start.processIntervalMs === undefined;
}

function hasCounts({ latest }: ViewData): boolean {
  return Object.values(latest?.events ?? latest?.eventsLocal ?? {}).some((count) => count > 0);
}

/** The state of the view of all cgroups, and its keys. */
import { compileGlob, findBadSet, hasWildcards } from '../../format/glob.ts';
import { knownFigures } from '../../model/host/absent-figures.ts';
import type { HostCgroup, HostReading } from '../../model/host/host-cgroups.ts';
import { type HostRow, type HostSort, hostRows } from '../../model/host/host-tree.ts';
import { nextChoice, nextUnits } from '../state/choices.ts';
import { MOVES, within } from '../state/moves.ts';
import type { UiState } from '../state/view.ts';

/** The id of the row of what no cgroup is charged for: no cgroup has it. */
export const UNCHARGED_ID = 0n;

/** A row: of a cgroup, or of what no cgroup is charged for. */
export interface TopRow {
  readonly id: bigint;
  /** Undefined for the latter. */
  readonly row: HostRow | undefined;
}

/** The display state; only changed by keys. */
export interface TopUi {
  readonly sort: HostSort;
  readonly isReversed: boolean;
  readonly filter: string;
  /** The filter while it is typed. */
  readonly typed: string | undefined;
  readonly selected: bigint | undefined;
  /** The number of rows above the visible ones when they were last drawn. */
  readonly top: number;
  /** Cgroups down to this level are open, and the others closed, but for those in `toggled`. */
  readonly openDepth: number;
  readonly toggled: ReadonlySet<bigint>;
  readonly units: UiState['units'];
  readonly isPaused: boolean;
  /** The position in the help; undefined while it is not shown. */
  readonly helpScroll: number | undefined;
  /** Until the next key. */
  readonly message: string | undefined;
}

/** What is shown, and how. */
export interface TopData {
  readonly reading: HostReading;
  readonly nameOf: (cgroup: HostCgroup) => string;
  readonly ui: TopUi;
}

/** What a key does outside the view. */
export type TopEffect =
  | { kind: 'quit' | 'redraw' | 'suspend' }
  | { kind: 'attach' | 'explain'; row: TopRow }
  | { kind: 'interval'; step: 1 | -1 };

/** The state at first. @param openDepth how many levels are open. */
export function initialTopUi(sort: HostSort, filter: string, openDepth: number): TopUi {
  return {
    sort,
    isReversed: false,
    filter,
    typed: undefined,
    selected: undefined,
    top: 0,
    openDepth,
    toggled: new Set(),
    units: 'readable',
    isPaused: false,
    helpScroll: undefined,
    message: undefined,
  };
}

/** The rows in display order. */
export function topRows({ reading, nameOf, ui }: TopData): TopRow[] {
  const filter = ui.typed ?? ui.filter;
  const matches = filter === '' ? undefined : matcherOf(filter);
  const rows = hostRows(reading.cgroups, {
    sort: ui.sort,
    isReversed: ui.isReversed,
    nameOf,
    isOpen: ({ id, depth }) => depth < ui.openDepth !== ui.toggled.has(id),
    matches: matches && ((cgroup) => matches(nameOf(cgroup)) || matches(cgroup.path)),
  }).map((row): TopRow => ({ id: row.cgroup.id, row }));
  const hasUncharged = reading.uncharged !== undefined && filter === '';
  return hasUncharged ? [...rows, { id: UNCHARGED_ID, row: undefined }] : rows;
}

/** Whether a text has a part, or matches a glob. A set that is not valid is a part. */
export function matcherOf(filter: string): (text: string) => boolean {
  const wanted = filter.toLowerCase();
  if (!hasWildcards(wanted) || findBadSet(wanted) !== undefined) {
    return (text) => text.toLowerCase().includes(wanted);
  }
  const glob = compileGlob(wanted);
  return (text) => glob.test(text.toLowerCase());
}

/** The index of the selected row; 0 if it does not exist. */
export function selectedTopRow(rows: readonly TopRow[], { selected }: TopUi): number {
  return Math.max(
    0,
    rows.findIndex(({ id }) => id === selected),
  );
}

/** The new state, and an effect outside the view. */
export interface TopPressed {
  ui: TopUi;
  effect?: TopEffect;
}

/** Handles a key. */
export function pressInTop(data: TopData, key: string): TopPressed {
  const ui = { ...data.ui, message: undefined };
  if (key === 'C-c') return { ui, effect: { kind: 'quit' } };
  if (key === 'C-l') return { ui, effect: { kind: 'redraw' } };
  if (key === 'C-z') return { ui, effect: { kind: 'suspend' } };
  if (ui.typed !== undefined) return { ui: typeFilter(ui, ui.typed, key) };
  if (ui.helpScroll !== undefined) return { ui: pressInHelp(ui, ui.helpScroll, key) };
  const rows = topRows(data);
  const at = selectedTopRow(rows, ui);
  const row = rows[at];
  const move = MOVES[key];
  if (move !== undefined) return { ui: { ...ui, selected: rows[within(at + move, rows.length - 1)]?.id } };
  switch (key) {
    case 'q':
      return { ui, effect: { kind: 'quit' } };
    case '?':
    case 'f1':
      return { ui: { ...ui, helpScroll: 0 } };
    case '/':
      return { ui: { ...ui, typed: ui.filter } };
    case 'escape':
      return { ui: { ...ui, filter: '' } };
    case 's':
      return { ui: sortByNext(data, ui) };
    case 'S':
      return { ui: { ...ui, isReversed: !ui.isReversed } };
    case 'u':
      return { ui: { ...ui, units: nextUnits(ui.units) } };
    case 'p':
      return { ui: { ...ui, isPaused: !ui.isPaused } };
    case '*':
      return { ui: { ...ui, openDepth: Number.POSITIVE_INFINITY, toggled: new Set() } };
    case '_':
      return { ui: { ...ui, openDepth: 1, toggled: new Set() } };
    case '+':
    case '=':
      return { ui, effect: { kind: 'interval', step: 1 } };
    case '-':
      return { ui, effect: { kind: 'interval', step: -1 } };
    default:
      return row === undefined ? { ui } : pressOnRow(ui, rows, at, row, key);
  }
}

function pressOnRow(ui: TopUi, rows: readonly TopRow[], at: number, row: TopRow, key: string): TopPressed {
  const isOpen = row.row?.isOpen === true;
  const canOpen = row.row?.hasChildren === true && ui.filter === '';
  switch (key) {
    case 'enter':
      return { ui, effect: { kind: 'attach', row } };
    case 'e':
      return { ui, effect: { kind: 'explain', row } };
    case 'space':
      return { ui: canOpen ? toggle(ui, row.id) : ui };
    case 'right':
      if (isOpen) return { ui: { ...ui, selected: rows[at + 1]?.id ?? row.id } };
      return { ui: canOpen ? toggle(ui, row.id) : ui };
    case 'left':
      if (isOpen && canOpen) return { ui: toggle(ui, row.id) };
      return { ui: { ...ui, selected: row.row?.cgroup.parent?.id ?? row.id } };
    default:
      return { ui };
  }
}

function toggle(ui: TopUi, id: bigint): TopUi {
  const toggled = new Set(ui.toggled);
  if (!toggled.delete(id)) toggled.add(id);
  return { ...ui, toggled, selected: id };
}

function sortByNext({ reading }: TopData, ui: TopUi): TopUi {
  const sorts: HostSort[] = [...knownFigures(reading), 'name'];
  return { ...ui, sort: nextChoice(sorts, ui.sort), isReversed: false };
}

function typeFilter(ui: TopUi, typed: string, key: string): TopUi {
  switch (key) {
    case 'enter':
      return { ...ui, filter: typed, typed: undefined };
    case 'escape':
      return { ...ui, typed: undefined };
    case 'backspace':
      return { ...ui, typed: [...typed].slice(0, -1).join('') };
    case 'C-u':
      return { ...ui, typed: '' };
    case 'space':
      return { ...ui, typed: `${typed} ` };
    default:
      return [...key].length === 1 ? { ...ui, typed: typed + key } : ui;
  }
}

function pressInHelp(ui: TopUi, scroll: number, key: string): TopUi {
  const move = MOVES[key];
  if (move === undefined) return { ...ui, helpScroll: undefined };
  return { ...ui, helpScroll: Math.max(0, scroll + move) };
}

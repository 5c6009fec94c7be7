/** The rows of the tree of memory by name, and the keys in it. */
import type { MemoryNode } from '../../model/explain/explanation.ts';
import type { Pressed } from './effect.ts';
import { MOVES, within } from './moves.ts';
import type { ExplainDialog, UiState, View } from './view.ts';

/** One row: a part of the memory, or those that an open part does not list. */
export interface MemoryRow {
  /** The indexes from the root down, such as `0.2.1`; ends in `more` for parts that are not listed. */
  id: string;
  depth: number;
  node: MemoryNode;
  /** Whether the parts of it are rows; undefined if it has none. */
  isOpen: boolean | undefined;
  /** How many parts the row stands for; absent for a single one. */
  more?: number;
}

/** An open part lists this many of its own, the largest, and the others if asked. */
const LISTED = 6;

/** How many rows there are at first: the largest parts are open. */
const FIRST_ROWS = 18;

/** Smaller parts of the whole are closed at first. */
const MIN_OPEN_SHARE = 0.01;

export const ROOT_ROW = '0';

/** The rows: the open parts, the largest first. */
export function memoryRows(tree: MemoryNode, toggled: ReadonlySet<string>): MemoryRow[] {
  const first = openAtFirst(tree);
  const rows: MemoryRow[] = [];
  const add = (node: MemoryNode, id: string, depth: number): void => {
    const { children } = node;
    const isOpen = children === undefined ? undefined : first.has(id) !== toggled.has(id);
    rows.push({ id, depth, node, isOpen });
    if (children === undefined || isOpen === false) return;
    const listed = toggled.has(moreOf(id)) ? children : children.slice(0, listedOf(children));
    for (const [index, child] of listed.entries()) add(child, `${id}.${index}`, depth + 1);
    const others = children.slice(listed.length);
    const [most] = others;
    if (most === undefined) return;
    const bytes = others.reduce((sum, each) => sum + each.bytes, 0);
    const rest: MemoryNode = { kind: 'others', name: '', bytes, reclaim: most.reclaim };
    rows.push({ id: moreOf(id), depth: depth + 1, node: rest, isOpen: false, more: others.length });
  };
  add(tree, ROOT_ROW, 0);
  return rows;
}

const moreOf = (id: string) => `${id}.more`;

/** A row that stands for a single one is not shorter. */
function listedOf(children: readonly MemoryNode[]): number {
  return children.length <= LISTED + 1 ? children.length : LISTED;
}

/** The largest parts, as long as their own fit into a few rows. A process says more than its mappings. */
function openAtFirst(tree: MemoryNode): ReadonlySet<string> {
  const open = new Set<string>();
  const rowsIn = ({ children = [] }: MemoryNode) => Math.min(children.length, LISTED + 1);
  let rows = 1;
  let candidates = [{ node: tree, id: ROOT_ROW }];
  while (candidates.length > 0) {
    candidates = candidates
      .filter(({ node }) => isWorthOpening(node, tree))
      .sort((a, b) => b.node.bytes - a.node.bytes);
    const next = candidates.shift();
    if (next === undefined) break;
    const { node, id } = next;
    if (id !== ROOT_ROW && rows + rowsIn(node) > FIRST_ROWS) continue;
    open.add(id);
    rows += rowsIn(node);
    const { children = [] } = node;
    for (const [index, child] of children.slice(0, listedOf(children)).entries())
      candidates.push({ node: child, id: `${id}.${index}` });
  }
  return open;
}

function isWorthOpening({ kind, bytes, children }: MemoryNode, tree: MemoryNode): boolean {
  return children !== undefined && kind !== 'process' && bytes >= tree.bytes * MIN_OPEN_SHARE;
}

/** The index of the selected row; if it is no longer there, of the part that it was in. */
export function selectedRow(rows: readonly MemoryRow[], selected: string): number {
  for (let id = selected; id !== ''; id = parentOf(id)) {
    const at = rows.findIndex((row) => row.id === id);
    if (at >= 0) return at;
  }
  return 0;
}

function parentOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('.')));
}

/** Opens the tree, or reads it again. */
export function openExplanation({ status }: View, ui: UiState): Pressed {
  const dialog: ExplainDialog = { kind: 'explain', selected: ROOT_ROW, toggled: new Set() };
  const opened = { ...ui, dialog };
  return status.replay === undefined ? { ui: opened, effect: { kind: 'explain' } } : { ui: opened };
}

const CLOSING: ReadonlySet<string> = new Set(['escape', 'q', '?', 'f1']);

/** Handles a key in the tree. */
export function pressInExplanation(view: View, ui: UiState, dialog: ExplainDialog, key: string): Pressed {
  const closed: UiState = { ...ui, dialog: undefined };
  if (CLOSING.has(key)) return { ui: closed };
  if (key === 'e') return view.status.replay === undefined ? openExplanation(view, ui) : { ui };
  const { explained } = view;
  if (explained?.state !== 'read') return { ui: UP.has(key) ? closed : ui };
  const rows = memoryRows(explained.explanation.tree, dialog.toggled);
  const at = selectedRow(rows, dialog.selected);
  const row = rows[at];
  if (row === undefined) return { ui };
  const move = MOVES[key];
  if (move !== undefined) return { ui: selectRow(ui, dialog, rows[within(at + move, rows.length - 1)]) };
  if (UP.has(key)) {
    if (row.id === ROOT_ROW) return { ui: closed };
    if (row.isOpen === true) return { ui: toggle(ui, dialog, row.id) };
    return { ui: { ...ui, dialog: { ...dialog, selected: parentOf(row.id) } } };
  }
  if (key === 'right' && row.isOpen === true) return { ui: selectRow(ui, dialog, rows[at + 1]) };
  const isToggling = key === 'enter' || key === 'space' || key === 'right';
  return { ui: isToggling && row.isOpen !== undefined ? toggle(ui, dialog, row.id) : ui };
}

const UP: ReadonlySet<string> = new Set(['left', 'backspace']);

/** Moves the selection by `count` rows. */
export function moveInExplanation(view: View, dialog: ExplainDialog, count: number): UiState {
  const { ui, explained } = view;
  if (explained?.state !== 'read') return ui;
  const rows = memoryRows(explained.explanation.tree, dialog.toggled);
  return selectRow(ui, dialog, rows[within(selectedRow(rows, dialog.selected) + count, rows.length - 1)]);
}

function selectRow(ui: UiState, dialog: ExplainDialog, row: MemoryRow | undefined): UiState {
  return row === undefined ? ui : { ...ui, dialog: { ...dialog, selected: row.id } };
}

/** The first of the parts that were not listed takes the place of the row that stood for them. */
function toggle(ui: UiState, dialog: ExplainDialog, id: string): UiState {
  const toggled = new Set(dialog.toggled);
  if (!toggled.delete(id)) toggled.add(id);
  const selected = id.endsWith('.more') ? `${parentOf(id)}.${LISTED}` : id;
  return { ...ui, dialog: { ...dialog, selected, toggled } };
}

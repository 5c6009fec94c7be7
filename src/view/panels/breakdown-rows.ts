/**
 * The rows of the breakdown: each figure with its letter, nesting and note.
 */
import { breakKernelDown } from '../../model/kernel-breakdown.ts';
import type { BarPart } from '../chart/bars.ts';
import type { Track, View } from '../state/view.ts';
import { trackOfContainer, trackOfTerm } from '../state/view-builder.ts';
import { clip } from '../text/cells.ts';
import type { Role } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';

/** One figure of the breakdown. */
export interface BreakdownRow {
  /** The track with its values. */
  id: string;
  letter: string;
  label: string;
  /** Nesting depth. */
  depth: number;
  role: Role;
  track: Track | undefined;
  /** Its current value, or after the end the one at the highest total. Unit: bytes. */
  now: number | undefined;
  /** Whether it is a part of the total, directly or indirectly. */
  isPart: boolean;
  /** Shown instead of the bar if there is space. */
  note: string | undefined;
  /** A shorter form of `note`. */
  shortNote: string | undefined;
  /** Display priority if there is little space; 0 is the most important. */
  rank: number;
}

/** Names of containers are cut. Unit: columns. */
const MAX_NAME = 16;

/** A part of kernel memory, by the id of its term. */
const TERMS: Readonly<Record<string, { letter: string; role: Role; rank: number }>> = {
  slab: { letter: 's', role: 'slab', rank: 8 },
  pagetables: { letter: 't', role: 'pagetables', rank: 10 },
  sec_pagetables: { letter: 'T', role: 'pagetables', rank: 16 },
  kernel_stack: { letter: 'S', role: 'kernel_stack', rank: 11 },
  percpu: { letter: 'P', role: 'percpu', rank: 12 },
  vmalloc: { letter: 'v', role: 'slab', rank: 13 },
  zswap: { letter: 'Z', role: 'slab', rank: 14 },
};

/** The kinds of kernel memory in memory.stat on kernels without a total. */
const KINDS = Object.keys(TERMS);

/** The rows of a memory cgroup, in display order, without those that were 0 all the time. */
export function breakdownRows(view: View): BreakdownRow[] {
  return allRows(view).filter(({ id, track }) => id === 'current' || track === undefined || track.peak > 0);
}

/** Whether the run is over, so that its cgroup is empty: the highest total is shown instead. */
export function isOver({ data: { latest } }: View): boolean {
  return latest?.reason === 'final';
}

function allRows(view: View): BreakdownRow[] {
  const row = rowMaker(view);
  const tracks = view.data.tracks;
  return [
    row('current', 'c', 'current', 0, 'current', 0),
    row('workingset', 'w', 'working set', 0, 'plain', 6, 'without inactive_file'),
    row('anon', 'a', 'anon', 1, 'anon', 1),
    row('file', 'f', 'file', 1, 'file', 2),
    ...(tracks.has('shmem') ? [row('shmem', '', 'shmem', 2, 'file', 15)] : []),
    row('kernel', 'k', 'kernel', 1, 'kernel', 3),
    ...kernelRows(view, row),
    ...(tracks.has('sock') ? [row('sock', 'o', 'sock', 1, 'sock', 9, 'not in kernel')] : []),
    ...(tracks.has('swap') ? [row('swap', 'z', 'swap', 0, 'plain', 14, 'not in current')] : []),
    ...unchargedRow(view, row),
    ...containerRows(view, row),
  ];
}

/** The rows without a memory cgroup. */
export function treeRows(view: View): BreakdownRow[] {
  const row = rowMaker(view);
  return [
    row('rss', 'r', 'rss', 0, 'current', 0, 'shared pages counted for each process'),
    row('pss', 'p', 'pss', 0, 'anon', 1, 'shared pages divided among processes'),
  ];
}

/**
 * The parts of the bar for all memory: every byte once, with the parts of kernel memory instead of its total.
 */
export function barParts(rows: readonly BreakdownRow[]): BarPart[] {
  const hasKernelParts = rows.some(({ depth, isPart }) => isPart && depth === 2);
  const parts = rows
    .filter(({ isPart, depth, id }) => isPart && depth > 0 && !(id === 'kernel' && hasKernelParts))
    .map(toPart);
  const known = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const current = rows.find(({ id }) => id === 'current')?.now ?? 0;
  // memory.stat lags behind current, and old kernels have no total of kernel memory.
  return [...parts, { letter: '?', name: 'other', role: 'dim', bytes: current - known }];
}

/** The parts of kernel memory. */
export function kernelParts(rows: readonly BreakdownRow[]): BarPart[] {
  return rows.filter(({ isPart, depth }) => isPart && depth === 2).map(toPart);
}

function toPart({ letter, label, role, now }: BreakdownRow): BarPart {
  return { letter, name: label, role, bytes: now ?? 0 };
}

type MakeRow = (
  id: string,
  letter: string,
  label: string,
  depth: number,
  role: Role,
  rank: number,
  note?: string,
  shortNote?: string,
) => BreakdownRow;

/** Rows without a note are parts of the total; those with a note are not, except for sock. */
function rowMaker(view: View): MakeRow {
  const now = isOver(view) ? 'atHighest' : 'now';
  return (id, letter, label, depth, role, rank, note, shortNote) => ({
    id,
    letter,
    label,
    depth,
    role,
    rank,
    note,
    shortNote,
    track: view.data.tracks.get(id),
    now: view.data.tracks.get(id)?.[now],
    isPart: id === 'sock' || (note === undefined && letter !== ''),
  });
}

function kernelRows(view: View, row: MakeRow): BreakdownRow[] {
  const { latest, bpf, tracks } = view.data;
  const breakdown = latest === undefined ? undefined : breakKernelDown(latest, bpf?.totals);
  const bpfRows = [
    row('bpf-maps', 'b', 'BPF maps', 2, 'bpf-maps', 4),
    row('bpf-programs', 'p', 'BPF programs', 2, 'bpf-programs', 7),
  ];
  if (breakdown === undefined) {
    const kinds = KINDS.filter((id) => tracks.has(id));
    return [...bpfRows, ...kinds.flatMap((id) => termRow(tracks, row, id, id))];
  }
  const terms = Object.keys(TERMS).flatMap((id) => termRow(tracks, row, id, trackOfTerm(id)));
  return [...bpfRows, ...terms, restRow(tracks, row)];
}

function termRow(
  tracks: ReadonlyMap<string, Track>,
  row: MakeRow,
  id: string,
  track: string,
): BreakdownRow[] {
  const look = TERMS[id];
  if (look === undefined || !tracks.has(track)) return [];
  return [row(track, look.letter, id, 2, look.role, look.rank)];
}

/** The rest of kernel memory; it includes BPF memory if that is unknown. */
function restRow(tracks: ReadonlyMap<string, Track>, row: MakeRow): BreakdownRow {
  const isAttributed = tracks.has('unexplained');
  return row(
    isAttributed ? 'unexplained' : 'kernel:unexplained',
    'u',
    isAttributed ? 'unexplained' : 'not attributed',
    2,
    'unexplained',
    isAttributed ? 8.5 : 4.5,
  );
}

/** The containers of a pod, the largest first: each is a part of the total beside the kinds of memory. */
function containerRows({ data, unicode }: View, row: MakeRow): BreakdownRow[] {
  return (data.latest?.containers ?? [])
    .toSorted((a, b) => b.current - a.current)
    .map((each) => {
      const name = clip(shownText(each.name ?? each.cgroup, unicode), MAX_NAME);
      return row(trackOfContainer(each), '', name, 1, 'plain', 2.5, 'a container');
    });
}

function unchargedRow({ data }: View, row: MakeRow): BreakdownRow[] {
  if (!data.tracks.has('bpf-uncharged')) return [];
  // No figure of the leaf includes it.
  return [row('bpf-uncharged', '!', 'uncharged BPF', 0, 'bpf-maps', 5, 'charged to no cgroup', 'no cgroup')];
}

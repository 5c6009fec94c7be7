/** Computes the changes between lists of rows (new, changed and removed rows), and applies them. */

import type { ProcessesRecord, ProcessRow } from './recorded-processes.ts';
import type { LiveMap, MapsRecord } from './recording.ts';

/** The changes since the previous line. */
export interface RowDifference<Row> {
  changed: Row[];
  /** The ids of rows that no longer exist. */
  gone: number[];
}

/** Computes the changes since the previous call. Memory is bounded by the rows of one reading. */
export class RowChanges<Row extends object> {
  readonly #idOf: (row: Row) => number;
  #last = new Map<number, Row>();
  #isFirst = true;

  constructor(idOf: (row: Row) => number) {
    this.#idOf = idOf;
  }

  /**
   * The changes since the previous call; undefined if there are none. The first call returns all rows, even
   * if there are none.
   */
  next(rows: Iterable<Row>): RowDifference<Row> | undefined {
    const now = new Map<number, Row>();
    const changed: Row[] = [];
    for (const row of rows) {
      const id = this.#idOf(row);
      now.set(id, row);
      const before = this.#last.get(id);
      if (before !== row && (before === undefined || !isEqual(before, row))) changed.push(row);
    }
    const gone: number[] = [];
    for (const id of this.#last.keys()) if (!now.has(id)) gone.push(id);
    const isFirst = this.#isFirst;
    this.#last = now;
    this.#isFirst = false;
    return isFirst || changed.length > 0 || gone.length > 0 ? { changed, gone } : undefined;
  }
}

/** Whether two JSON values are equal; an undefined key equals an absent one. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const key in left) if (!isEqual(left[key], right[key])) return false;
  for (const key in right) if (right[key] !== undefined && left[key] === undefined) return false;
  return true;
}

/** Applies the changes of a line to the maps of a run, by id. */
export function applyMaps(maps: Map<number, LiveMap>, record: MapsRecord): void {
  for (const id of record.gone ?? []) maps.delete(id);
  for (const row of record.maps) maps.set(row.id, row);
}

/** Applies the changes of a line to the processes of a run, by pid. */
export function applyProcesses(processes: Map<number, ProcessRow>, record: ProcessesRecord): void {
  for (const pid of record.gone ?? []) processes.delete(pid);
  for (const row of record.processes) processes.set(row.pid, row);
}

/**
 * Merges two consecutive lines of the same type, for an output that was too slow for the first one. Dropping
 * a line would invalidate everything after it.
 */
export function joinMaps(earlier: MapsRecord, later: MapsRecord): MapsRecord {
  const maps = new Map<number, LiveMap>();
  applyMaps(maps, earlier);
  applyMaps(maps, later);
  return { ...later, maps: [...maps.values()], ...joinGone(earlier, later, maps) };
}

/** Same as `joinMaps`. */
export function joinProcesses(earlier: ProcessesRecord, later: ProcessesRecord): ProcessesRecord {
  const processes = new Map<number, ProcessRow>();
  applyProcesses(processes, earlier);
  applyProcesses(processes, later);
  const programs = new Map(
    [...(earlier.programs ?? []), ...(later.programs ?? [])].map((program) => [program.pid, program]),
  );
  return {
    ...later,
    processes: [...processes.values()],
    ...joinGone(earlier, later, processes),
    ...(programs.size > 0 ? { programs: [...programs.values()] } : {}),
  };
}

function joinGone(
  earlier: { gone?: number[] },
  later: { gone?: number[] },
  rows: ReadonlyMap<number, unknown>,
): { gone?: number[] } {
  const gone = [...new Set([...(earlier.gone ?? []), ...(later.gone ?? [])])].filter((id) => !rows.has(id));
  return gone.length > 0 ? { gone } : {};
}

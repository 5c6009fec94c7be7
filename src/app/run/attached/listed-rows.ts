/** The BPF maps and processes that a recording has as present. */
import type { RunRecord } from '../../../output/sink.ts';

/** Follows the records of rows, which only have what has changed. */
export class ListedRows {
  readonly #maps = new Set<number>();
  readonly #processes = new Set<number>();

  /** Other records are ignored. */
  add(record: RunRecord): void {
    if (record.type === 'maps') keep(this.#maps, record.maps, record.gone, ({ id }) => id);
    if (record.type === 'processes') {
      keep(this.#processes, record.processes, record.gone, ({ pid }) => pid);
    }
  }

  /** The records that say that all of them are gone. Unit of the time: milliseconds since the launch. */
  goneRecords(elapsedMs: number): RunRecord[] {
    const records: RunRecord[] = [];
    const [maps, processes] = [[...this.#maps], [...this.#processes]];
    if (maps.length > 0) records.push({ type: 'maps', elapsedMs, maps: [], gone: maps });
    if (processes.length > 0) {
      records.push({ type: 'processes', elapsedMs, processes: [], gone: processes });
    }
    return records;
  }
}

function keep<Row>(
  listed: Set<number>,
  rows: readonly Row[],
  gone: readonly number[] | undefined,
  idOf: (row: Row) => number,
): void {
  for (const id of gone ?? []) listed.delete(id);
  for (const row of rows) listed.add(idOf(row));
}

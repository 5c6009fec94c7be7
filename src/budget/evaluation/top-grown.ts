/** Finds the processes and BPF maps that grew most, from the records of changes. */
import type { NamePattern } from '../../format/glob.ts';
import { bytesByName } from '../../model/bytes-by-name.ts';
import type { LiveMap, MapsRecord, ProcessesRecord } from '../../model/recording.ts';
import { applyMaps } from '../../model/row-changes.ts';
import type { Grown } from '../../model/verdict.ts';

const MAX_SHOWN = 5;

/** The five of each kind that grew most. */
export interface TopGrown {
  readonly processes: readonly Grown[];
  readonly maps: readonly GrownMap[];
}

/** A map with the part of its size that no cgroup is charged for. Unit: bytes. */
export type GrownMap = Grown & { unchargedBytes: number };

interface Row {
  name: string;
  bytes: number;
  unchargedBytes: number;
}

/** One row per existing process and map. */
export class GrowthTables {
  readonly #processes = new Table();
  readonly #maps = new Table();
  readonly #mapRows = new Map<number, LiveMap>();
  #top: TopGrown | undefined;
  readonly #mapNames = new Set<string>();
  readonly #ownNames = new Set<string>();
  readonly #elsewhere = new Map<string, number>();
  #hasMaps = false;

  addProcesses({ processes, gone }: ProcessesRecord): void {
    this.#top = undefined;
    for (const { pid, comm, rss } of processes) this.#processes.set(pid, comm, rss);
    this.#processes.endOfRecord(gone);
  }

  addMaps(record: MapsRecord): void {
    this.#top = undefined;
    this.#hasMaps = true;
    applyMaps(this.#mapRows, record);
    for (const map of record.maps) {
      this.#mapNames.add(map.name);
      // Charged to another cgroup.
      if (map.elsewhere === true) continue;
      this.#ownNames.add(map.name);
      this.#maps.set(map.id, map.name, map.bytes, map.unchargedBytes);
    }
    this.#maps.endOfRecord(record.gone);
    this.#addElsewhere();
  }

  /** Whether there was a record of maps. */
  get hasMaps(): boolean {
    return this.#hasMaps;
  }

  /** The names of all maps of the run so far. */
  get mapNames(): ReadonlySet<string> {
    return this.#mapNames;
  }

  /** The maps that the run held but that were charged elsewhere: by name, the largest sum. Unit: bytes. */
  get mapsElsewhere(): ReadonlyMap<string, number> {
    return this.#elsewhere;
  }

  /** The names of the maps that were charged to the run. */
  get ownMapNames(): ReadonlySet<string> {
    return this.#ownNames;
  }

  #addElsewhere(): void {
    const now = bytesByName([...this.#mapRows.values()].filter((map) => map.elsewhere === true));
    for (const [name, bytes] of Object.entries(now)) {
      this.#elsewhere.set(name, Math.max(bytes, this.#elsewhere.get(name) ?? 0));
    }
  }

  /** The current maps of the run, without those that are charged elsewhere. Unit: bytes. */
  sumMaps(names: NamePattern): number {
    let bytes = 0;
    for (const map of this.#mapRows.values()) {
      if (map.elsewhere !== true && names.test(map.name)) bytes += map.bytes;
    }
    return bytes;
  }

  /** The current result; the same object until something changes. */
  top(): TopGrown {
    this.#top ??= {
      processes: this.#processes.top().map(({ unchargedBytes: _, ...process }) => process),
      maps: this.#maps.top(),
    };
    return this.#top;
  }
}

/**
 * The existing rows with their sizes. Everything was created during the run, so a row has grown from 0 when
 * it is first seen.
 */
class Table {
  readonly #rows = new Map<number, Row>();
  /** The rows before the table became empty, which it is after the target has exited. */
  #topBeforeEmpty: GrownMap[] = [];

  set(id: number, name: string, bytes: number, unchargedBytes = 0): void {
    this.#rows.set(id, { name, bytes, unchargedBytes });
  }

  endOfRecord(gone: readonly number[] = []): void {
    if (gone.length > 0 && gone.length >= this.#rows.size) this.#topBeforeEmpty = this.top();
    for (const id of gone) this.#rows.delete(id);
  }

  top(): GrownMap[] {
    if (this.#rows.size === 0) return this.#topBeforeEmpty;
    const top: GrownMap[] = [];
    for (const [id, { name, bytes, unchargedBytes }] of this.#rows) {
      let at = top.length;
      while (at > 0 && bytes > (top[at - 1]?.toBytes ?? 0)) at -= 1;
      if (at < MAX_SHOWN) top.splice(at, 0, { name, id, fromBytes: 0, toBytes: bytes, unchargedBytes });
      if (top.length > MAX_SHOWN) top.pop();
    }
    return top;
  }
}

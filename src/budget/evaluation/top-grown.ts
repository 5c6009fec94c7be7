/** Finds the processes and BPF maps that grew most, from the records of changes. */
import type { NamePattern } from '../../format/glob.ts';
import { bytesByName } from '../../model/bytes-by-name.ts';
import type { ProcessesRecord } from '../../model/recorded-processes.ts';
import type { LiveMap, MapsRecord } from '../../model/recording.ts';
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
  /** At the attachment; 0 for what was created later. */
  fromBytes: number;
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
  /** The next record of maps is the first of its cgroup. */
  #areMapsFirst = true;
  readonly #isAttached: boolean;
  #firstProcessesMs: number | undefined;

  /** `isAttached`: what the first records list existed before, and has grown since then only. */
  constructor(isAttached = false) {
    this.#isAttached = isAttached;
  }

  addProcesses({ elapsedMs, processes, gone }: ProcessesRecord): void {
    this.#top = undefined;
    if (this.#isAttached) this.#firstProcessesMs ??= elapsedMs;
    // A reading of many processes has several records.
    const existed = elapsedMs === this.#firstProcessesMs;
    for (const { pid, comm, rss } of processes) this.#processes.set(pid, comm, rss, 0, existed ? rss : 0);
    this.#processes.endOfRecord(gone);
  }

  addMaps(record: MapsRecord): void {
    this.#top = undefined;
    const existed = this.#isAttached && this.#areMapsFirst;
    this.#areMapsFirst = false;
    this.#hasMaps = true;
    applyMaps(this.#mapRows, record);
    for (const map of record.maps) {
      this.#mapNames.add(map.name);
      // Charged to another cgroup.
      if (map.elsewhere === true) continue;
      this.#ownNames.add(map.name);
      this.#maps.set(map.id, map.name, map.bytes, map.unchargedBytes, existed ? map.bytes : 0);
    }
    this.#maps.endOfRecord(record.gone);
    this.#addElsewhere();
  }

  /** The next records are the first of another cgroup: what they list has not grown yet. */
  cut(): void {
    this.#firstProcessesMs = undefined;
    this.#areMapsFirst = true;
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
 * The existing rows with their sizes. What was created during the run has grown from 0 when it is first seen.
 */
class Table {
  readonly #rows = new Map<number, Row>();
  /** The rows before the table became empty, which it is after the target has exited. */
  #topBeforeEmpty: GrownMap[] = [];

  set(id: number, name: string, bytes: number, unchargedBytes: number, fromBytes: number): void {
    const known = this.#rows.get(id);
    this.#rows.set(id, { name, bytes, unchargedBytes, fromBytes: known?.fromBytes ?? fromBytes });
  }

  endOfRecord(gone: readonly number[] = []): void {
    if (gone.length > 0 && gone.length >= this.#rows.size) this.#topBeforeEmpty = this.top();
    for (const id of gone) this.#rows.delete(id);
  }

  top(): GrownMap[] {
    if (this.#rows.size === 0) return this.#topBeforeEmpty;
    const top: GrownMap[] = [];
    for (const [id, { name, bytes, unchargedBytes, fromBytes }] of this.#rows) {
      const growth = bytes - fromBytes;
      if (fromBytes > 0 && growth <= 0) continue;
      let at = top.length;
      while (at > 0 && growth > growthOf(top[at - 1])) at -= 1;
      if (at < MAX_SHOWN) top.splice(at, 0, { name, id, fromBytes, toBytes: bytes, unchargedBytes });
      if (top.length > MAX_SHOWN) top.pop();
    }
    return top;
  }
}

function growthOf(row: GrownMap | undefined): number {
  return row === undefined ? 0 : row.toBytes - row.fromBytes;
}

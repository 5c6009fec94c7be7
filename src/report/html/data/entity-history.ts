/** The sizes of maps and processes over a run, with a bounded number of moments. */

/** One map or process. */
export interface EntityRecord {
  id: number;
  /** `[moment, value, value, ...]` for each change; values are -1 from when it is gone. */
  changes: number[];
  /** The maximum of the first value, and when it was first reached. */
  max: number;
  maxMs: number;
  /** The first value when it appeared, and the last one that was read. */
  first: number;
  last: number;
}

/** All of them. */
export interface History {
  /** Unit: milliseconds since the launch, ascending. */
  moments: number[];
  entities: EntityRecord[];
  /** Number of entities that are left out: the smallest. */
  omitted: number;
}

const MAX_MOMENTS = 512;
/** Over all entities. */
const MAX_CHANGES = 100_000;
/** While reading; the smallest are left out first. */
const MAX_ENTITIES = 20_000;

/** Collects values by id; the values of a moment replace earlier ones of the same moment. */
export class EntityHistory {
  readonly #width: number;
  readonly #entities = new Map<number, EntityRecord>();
  #moments: number[] = [];
  #stride = 1;
  #filled = 0;
  #changes = 0;
  #omitted = 0;
  #lastMs = Number.NaN;

  /** @param width number of values of an entity. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Starts a reading: what is set afterwards belongs to it. */
  at(elapsedMs: number): void {
    if (elapsedMs === this.#lastMs) return;
    this.#lastMs = elapsedMs;
    if (this.#moments.length > 0 && this.#filled < this.#stride)
      this.#moments[this.#moments.length - 1] = elapsedMs;
    else {
      if (this.#moments.length >= MAX_MOMENTS) this.#halve();
      if (this.#filled >= this.#stride || this.#moments.length === 0) {
        this.#moments.push(elapsedMs);
        this.#filled = 0;
      } else this.#moments[this.#moments.length - 1] = elapsedMs;
    }
    this.#filled += 1;
  }

  /** The values of an entity in this reading; the first one is its size. */
  set(id: number, values: readonly number[]): void {
    const [size = 0] = values;
    let entity = this.#entities.get(id);
    if (entity === undefined) {
      if (this.#entities.size >= MAX_ENTITIES) this.#drop();
      entity = { id, changes: [], max: -1, maxMs: this.#lastMs, first: size, last: size };
      this.#entities.set(id, entity);
    }
    entity.last = size;
    if (size > entity.max) {
      entity.max = size;
      entity.maxMs = this.#lastMs;
    }
    this.#push(entity, values);
  }

  /** The entity no longer exists. */
  remove(id: number): void {
    const entity = this.#entities.get(id);
    if (entity !== undefined) this.#push(entity, new Array<number>(this.#width).fill(-1));
  }

  /** Forgets what describes entities that were left out, once there is twice as much as entities are kept. */
  trim(infos: Map<number, unknown>): void {
    if (infos.size <= 2 * MAX_ENTITIES) return;
    for (const id of infos.keys()) if (!this.#entities.has(id)) infos.delete(id);
  }

  /** The largest entities by their maximum. */
  finish(most: number): History {
    const all = [...this.#entities.values()].sort((a, b) => b.max - a.max);
    return {
      moments: this.#moments,
      entities: all.slice(0, most),
      omitted: this.#omitted + Math.max(0, all.length - most),
    };
  }

  #push(entity: EntityRecord, values: readonly number[]): void {
    const { changes } = entity;
    const moment = this.#moments.length - 1;
    const step = this.#width + 1;
    const start = changes.length - step;
    if (start >= 0 && changes[start] === moment) {
      for (const [index, value] of values.entries()) changes[start + 1 + index] = value;
      return;
    }
    if (start >= 0 && values.every((value, index) => changes[start + 1 + index] === value)) return;
    changes.push(moment, ...values);
    this.#changes += 1;
    while (this.#changes > MAX_CHANGES && this.#moments.length > 2) this.#halve();
  }

  #halve(): void {
    const { length } = this.#moments;
    // The last moment of each pair: an odd number leaves the last one alone.
    this.#moments = this.#moments.filter((_, index) => index % 2 === 1 || index === length - 1);
    if (length % 2 === 0) this.#filled += this.#stride;
    this.#stride *= 2;
    this.#changes = 0;
    for (const entity of this.#entities.values()) {
      entity.changes = halveChanges(entity.changes, this.#width + 1);
      this.#changes += entity.changes.length / (this.#width + 1);
    }
  }

  /** Forgets the smaller half. */
  #drop(): void {
    const all = [...this.#entities.values()].sort((a, b) => a.max - b.max);
    for (const { id, changes } of all.slice(0, all.length / 2)) {
      this.#entities.delete(id);
      this.#changes -= changes.length / (this.#width + 1);
      this.#omitted += 1;
    }
  }
}

function halveChanges(changes: readonly number[], step: number): number[] {
  const kept: number[] = [];
  for (let at = 0; at < changes.length; at += step) {
    const moment = (changes[at] as number) >> 1;
    if (kept.length > 0 && kept[kept.length - step] === moment) kept.length -= step;
    kept.push(moment, ...changes.slice(at + 1, at + step));
  }
  return kept;
}

/** The maximum of the sum of the first values by name, over all moments. */
export function maximaByName(
  { moments }: Pick<History, 'moments'>,
  entities: readonly (Pick<EntityRecord, 'changes'> & { name: string })[],
  width: number,
): Map<string, number> {
  const steps = new Map<string, Float64Array>();
  for (const { name, changes } of entities) {
    const step = steps.get(name) ?? new Float64Array(moments.length);
    steps.set(name, step);
    let before = 0;
    for (let at = 0; at < changes.length; at += width + 1) {
      const moment = changes[at] as number;
      const size = Math.max(0, changes[at + 1] as number);
      step[moment] = (step[moment] ?? 0) + size - before;
      before = size;
    }
  }
  return new Map(
    Array.from(steps, ([name, step]) => {
      let [sum, most] = [0, 0];
      for (const difference of step) {
        sum += difference;
        most = Math.max(most, sum);
      }
      return [name, most];
    }),
  );
}

/** The values of an entity at a time; undefined if it did not exist, or was not read yet. */
export function valuesAt(
  { moments }: Pick<History, 'moments'>,
  { changes }: Pick<EntityRecord, 'changes'>,
  elapsedMs: number,
  width: number,
): number[] | undefined {
  let start = -1;
  for (let at = 0; at < changes.length; at += width + 1) {
    const ms = moments[changes[at] as number] ?? Number.POSITIVE_INFINITY;
    if (ms > elapsedMs) break;
    start = at + 1;
  }
  return start < 0 || changes[start] === -1 ? undefined : changes.slice(start, start + width);
}

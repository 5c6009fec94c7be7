/** Selects the figures of a document if the limit excludes some: the largest, and the same ones each time. */

/** Figures that are in a document together, or not at all. */
export interface Candidate {
  /** The same in each document. */
  readonly key: string;
  /** How many series they are. */
  readonly series: number;
  /** The size of what they measure; the largest come first. */
  readonly bytes: number;
}

/** What was chosen before is replaced by what is larger by this factor: series do not come and go. */
const HOLD = 1.25;

/** Chooses among the candidates of one kind, repeatedly. */
export class StickyChoice {
  #before: ReadonlySet<string> = new Set();

  /** The chosen ones, and the number of series of the others. */
  choose<T extends Candidate>(candidates: readonly T[], room: number): { chosen: T[]; cut: number } {
    if (countSeries(candidates) <= room) {
      this.#before = new Set(candidates.map(({ key }) => key));
      return { chosen: [...candidates], cut: 0 };
    }
    const before = this.#before;
    const score = ({ key, bytes }: T) => (before.has(key) ? bytes * HOLD : bytes);
    const sorted = candidates.toSorted(
      (left, right) => score(right) - score(left) || (left.key < right.key ? -1 : 1),
    );
    const chosen: T[] = [];
    let left = room;
    let cut = 0;
    for (const candidate of sorted) {
      if (candidate.series <= left) {
        chosen.push(candidate);
        left -= candidate.series;
      } else cut += candidate.series;
    }
    this.#before = new Set(chosen.map(({ key }) => key));
    return { chosen, cut };
  }
}

/** How much of the room a kind of figures needs, and how much it gets if that is too much for all. */
export interface Demand {
  readonly series: number;
  /** From 0 to 1; all shares together are 1 at most. */
  readonly share: number;
}

/** The room of each kind; what one does not need goes to the others, the first of them first. */
export function shareRoom(room: number, demands: readonly Demand[]): number[] {
  const rooms = demands.map(({ series, share }) => Math.min(series, Math.floor(room * share)));
  let left = room - rooms.reduce((sum, each) => sum + each, 0);
  return rooms.map((each, index) => {
    const more = Math.min(left, (demands[index]?.series ?? 0) - each);
    left -= more;
    return each + more;
  });
}

/** The number of series of all candidates. */
export function countSeries(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { series }) => sum + series, 0);
}

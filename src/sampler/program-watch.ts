/** Noticing that processes have begun to run another program. */

/** A process as far as that goes. */
export interface RunningProgram {
  pid: number;
  comm: string;
  /** Stays the same until the next `exec`, and is inherited by `fork`: see `PidStat.image`. */
  image: string | undefined;
}

/** What was noticed at one look. */
export interface NoticedPrograms {
  /** How many, ever. */
  count: number;
  /** How many this time. */
  increase: number;
  /** Their names: `gcc, as, ld`, and `+2` where two more are not named. */
  message: string;
}

/** The maximum number of names in a message. */
const MAX_NAMES = 3;

/**
 * Counts programs that were started by processes of the leaf. One that has ended again before the next look
 * is not seen; the copies of a program by `fork` are not counted.
 */
export class ProgramWatch {
  readonly #targetPid: number;
  #last: ReadonlySet<string> | undefined;
  #count = 0;

  /** What the target itself runs at the first look is not counted: it is what was started. */
  constructor(targetPid: number) {
    this.#targetPid = targetPid;
  }

  /** Takes all processes of now; undefined when nothing new runs. */
  look(processes: readonly RunningProgram[]): NoticedPrograms | undefined {
    const last = this.#last ?? this.#baseline(processes);
    const now = new Set<string>();
    const names: string[] = [];
    for (const each of processes) {
      const key = keyOf(each);
      if (now.has(key)) continue;
      now.add(key);
      if (!last.has(key)) names.push(each.comm);
    }
    this.#last = now;
    if (names.length === 0) return undefined;
    this.#count += names.length;
    return { count: this.#count, increase: names.length, message: nameSome(names) };
  }

  #baseline(processes: readonly RunningProgram[]): ReadonlySet<string> {
    const target = processes.find(({ pid }) => pid === this.#targetPid);
    // Without the target, its own program cannot be distinguished from the programs that it has started.
    return new Set((target === undefined ? processes : [target]).map(keyOf));
  }
}

/** A process that we may not look into is known by its name alone. */
function keyOf({ comm, image }: RunningProgram): string {
  return image ?? `comm ${comm}`;
}

function nameSome(comms: readonly string[]): string {
  const named = [...new Set(comms)].slice(0, MAX_NAMES);
  const unnamed = comms.filter((comm) => !named.includes(comm)).length;
  return named.join(', ') + (unnamed > 0 ? ` +${unnamed}` : '');
}

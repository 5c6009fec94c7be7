/** Detects that processes have executed another program. */

/** The relevant fields of a process. */
export interface RunningProgram {
  pid: number;
  comm: string;
  /** Constant until the next `exec`, and inherited by `fork`: see `PidStat.image`. */
  image: string | undefined;
}

/** The newly detected programs. */
export interface NoticedPrograms {
  /** Total number so far. */
  count: number;
  /** Number of new ones. */
  increase: number;
  /** Their names: `gcc, as, ld`, followed by `+2` if two more are not named. */
  message: string;
}

/** The maximum number of names in a message. */
const MAX_NAMES = 3;

/**
 * Counts programs that processes of the leaf execute. A program that exits before the next check is not seen;
 * copies by `fork` are not counted.
 */
export class ProgramWatch {
  readonly #targetPid: number;
  #last: ReadonlySet<string> | undefined;
  #count = 0;

  /** The program of the target at the first check is not counted: it is the one that was launched. */
  constructor(targetPid: number) {
    this.#targetPid = targetPid;
  }

  /** Checks all current processes; undefined if no new program is running. */
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
    // Without the target, its own program cannot be distinguished from programs that it has started.
    return new Set((target === undefined ? processes : [target]).map(keyOf));
  }
}

/** An inaccessible process is identified by its name only. */
function keyOf({ comm, image }: RunningProgram): string {
  return image ?? `comm ${comm}`;
}

function nameSome(comms: readonly string[]): string {
  const named = [...new Set(comms)].slice(0, MAX_NAMES);
  const unnamed = comms.filter((comm) => !named.includes(comm)).length;
  return named.join(', ') + (unnamed > 0 ? ` +${unnamed}` : '');
}

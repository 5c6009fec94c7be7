/** The command lines and users of processes, read when a process is new or has executed another program. */

import { readCommandLine, readEffectiveUid } from '../kernel/procfs/pid-identity.ts';
import type { PidStat } from '../kernel/procfs/pid-stat.ts';
import type { ProcessProgram } from '../model/recording.ts';
import { findUserName } from '../target/user.ts';

/** Many programs change their user, or their title, soon after they were started. */
const READINGS = 2;

interface Known {
  key: string;
  readings: number;
  program: ProcessProgram;
}

/** Remembers what was read. Memory is bounded by the number of processes. */
export class ProcessPrograms {
  readonly #known = new Map<number, Known>();
  readonly #users = new Map<number, string>();
  readonly #read: <T>(read: () => T) => T | undefined;

  /** `read` is undefined where a process has exited, or is not accessible. */
  constructor(read: <T>(read: () => T) => T | undefined) {
    this.#read = read;
  }

  /** The program of a process if it is new or has changed since the last call. */
  look({ pid, startTime, image }: PidStat): ProcessProgram | undefined {
    const key = `${startTime} ${image}`;
    const known = this.#known.get(pid);
    const isSame = known?.key === key;
    if (isSame && known.readings >= READINGS) return undefined;
    const program = this.#readProgram(pid);
    this.#known.set(pid, { key, readings: isSame ? known.readings + 1 : 1, program });
    return isSame && JSON.stringify(known.program) === JSON.stringify(program) ? undefined : program;
  }

  /** Drops all other processes. */
  retain(pids: { has(pid: number): boolean }): void {
    for (const pid of this.#known.keys()) if (!pids.has(pid)) this.#known.delete(pid);
  }

  #readProgram(pid: number): ProcessProgram {
    const program: ProcessProgram = { pid };
    const command = this.#read(() => readCommandLine(pid));
    const uid = this.#read(() => readEffectiveUid(pid));
    if (command !== undefined) program.command = command;
    if (uid !== undefined) program.user = this.#userOf(uid);
    return program;
  }

  #userOf(uid: number): string {
    const known = this.#users.get(uid) ?? findUserName(uid) ?? String(uid);
    this.#users.set(uid, known);
    return known;
  }
}

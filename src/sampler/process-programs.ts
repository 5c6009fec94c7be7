/** The command lines and users of processes, read when a process is new or has executed another program. */

import { readCommandLine, readEffectiveUid } from '../kernel/procfs/pid-identity.ts';
import type { PidStat } from '../kernel/procfs/pid-stat.ts';
import type { ProcessProgram } from '../model/recorded-processes.ts';
import { askUserNames, findUserName } from '../target/user-names.ts';

/** Many programs change their user, or their title, soon after they were started. */
const READINGS = 2;

/** Maximum number of users that are queried at once: some commands have a maximum number of arguments. */
const MAX_ASKED = 1000;

interface Known {
  key: string;
  readings: number;
  program: ProcessProgram;
  uid: number | undefined;
}

/** Remembers what was read. Memory is bounded by the number of processes. */
export class ProcessPrograms {
  readonly #known = new Map<number, Known>();
  readonly #users = new Map<number, string>();
  /** Users that `/etc/passwd` does not have, and that were not queried from the name service. */
  #unknownUsers: number[] = [];
  #isAsking = false;
  readonly #read: <T>(read: () => T) => T | undefined;
  readonly #askUserNames: typeof askUserNames;

  /** `read` is undefined where a process has exited, or is not accessible. */
  constructor(read: <T>(read: () => T) => T | undefined, ask = askUserNames) {
    this.#read = read;
    this.#askUserNames = ask;
  }

  /**
   * The program of a process if it is new or has changed since the last call. A user without an entry in
   * `/etc/passwd` is shown by its number until the name service has answered.
   */
  look({ pid, startTime, image }: PidStat): ProcessProgram | undefined {
    const key = `${startTime} ${image}`;
    const known = this.#known.get(pid);
    const isSame = known?.key === key;
    if (isSame && known.readings >= READINGS && !this.#isRenamed(known)) return undefined;
    const next = this.#readProgram(pid);
    this.#known.set(pid, { key, readings: isSame ? known.readings + 1 : 1, ...next });
    return isSame && JSON.stringify(known.program) === JSON.stringify(next.program)
      ? undefined
      : next.program;
  }

  /** Drops all other processes. */
  retain(pids: { has(pid: number): boolean }): void {
    for (const pid of this.#known.keys()) if (!pids.has(pid)) this.#known.delete(pid);
    void this.#askForUsers();
  }

  #readProgram(pid: number): Pick<Known, 'program' | 'uid'> {
    const program: ProcessProgram = { pid };
    const command = this.#read(() => readCommandLine(pid));
    const uid = this.#read(() => readEffectiveUid(pid));
    if (command !== undefined) program.command = command;
    if (uid !== undefined) program.user = this.#userOf(uid);
    return { program, uid };
  }

  #isRenamed({ uid, program }: Known): boolean {
    return uid !== undefined && this.#users.get(uid) !== program.user;
  }

  #userOf(uid: number): string {
    let user = this.#users.get(uid);
    if (user === undefined) {
      user = findUserName(uid);
      if (user === undefined) this.#unknownUsers.push(uid);
      user ??= String(uid);
      this.#users.set(uid, user);
    }
    return user;
  }

  /** In the background: the name service may be on the network. Each user is queried once. */
  async #askForUsers(): Promise<void> {
    if (this.#isAsking || this.#unknownUsers.length === 0) return;
    this.#isAsking = true;
    const names = await this.#askUserNames(this.#unknownUsers.splice(0, MAX_ASKED));
    for (const [uid, name] of names) this.#users.set(uid, name);
    this.#isAsking = false;
  }
}

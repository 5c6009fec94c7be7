/** The environment of the target, byte for byte. */
import { type ByteString, bytesOf, readStrings, recoverValues, textOf } from './byte-string.ts';
import type { TargetUser } from './user.ts';

/** An environment: `NAME=value` strings in their order, of which some may have no name at all. */
export class TargetEnvironment {
  readonly #entries: ByteString[];

  constructor(entries: readonly ByteString[]) {
    this.#entries = [...entries];
  }

  /** The strings in their order. */
  get entries(): readonly ByteString[] {
    return this.#entries;
  }

  /** The bytes of a value; undefined if the variable is not set. */
  get(name: string): ByteString | undefined {
    const prefix = `${bytesOf(name)}=`;
    return this.#entries.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
  }

  /** Sets a variable where it stands, or at the end. */
  set(name: ByteString, value: ByteString): void {
    const prefix = `${name}=`;
    const at = this.#entries.findIndex((entry) => entry.startsWith(prefix));
    if (at < 0) this.#entries.push(prefix + value);
    else this.#entries[at] = prefix + value;
  }

  /** Removes a variable. */
  remove(name: ByteString): void {
    const kept = this.#entries.filter((entry) => !entry.startsWith(`${name}=`));
    this.#entries.splice(0, this.#entries.length, ...kept);
  }

  /** The variables as text. */
  toRecord(): Record<string, string> {
    // A variable may be called `__proto__`.
    const record: Record<string, string> = Object.create(null);
    for (const entry of this.#entries) {
      const equals = entry.indexOf('=', 1);
      // As getenv(3): the first of a name counts.
      if (equals > 0) record[textOf(entry.slice(0, equals))] ??= textOf(entry.slice(equals + 1));
    }
    return record;
  }
}

/**
 * The environment of the target: ours, the variables of the new user, then those of `--env`; later values
 * override earlier ones.
 */
export function targetEnvironment(
  ours: readonly ByteString[],
  added: readonly (readonly [name: string, value: string])[],
  user: TargetUser | undefined,
): TargetEnvironment {
  const env = new TargetEnvironment(ours);
  if (user !== undefined) {
    // As `systemd-run --uid` and `sudo` do: an unprivileged user could not write to root's HOME.
    for (const name of ['USER', 'LOGNAME']) {
      if (user.name === undefined) env.remove(name);
      else env.set(name, bytesOf(user.name));
    }
    env.set('HOME', bytesOf(user.home));
    env.set('SHELL', bytesOf(user.shell));
  }
  const values = added.map(([name, value]) => `${name}=${value}`);
  for (const entry of recoverValues('--env', values)) {
    const equals = entry.indexOf('=');
    env.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return env;
}

/** The environment that cmemstat was started with. Source: proc(5), /proc/pid/environ. */
export function readOwnEnvironment(): ByteString[] {
  return restoreNodeVariables(
    readStrings('environ') ??
      Object.entries(process.env).map(([name, value]) => bytesOf(`${name}=${value ?? ''}`)),
  );
}

/**
 * Undoes the first line of `bin/cmemstat.js`: env(1) has moved the values of two variables, which are for the
 * target and would change our Node.js, into `CMEMSTAT_NODE`. It left them empty where they were, or appended
 * them behind it if they were not set.
 */
export function restoreNodeVariables(entries: readonly ByteString[]): ByteString[] {
  const at = entries.findIndex((entry) => entry.startsWith('CMEMSTAT_NODE='));
  const [, channel, options] = /^CMEMSTAT_NODE=(\S*) (.*)$/s.exec(entries[at] ?? '') ?? [];
  if (channel === undefined || options === undefined) return [...entries];
  const restored = entries.slice(0, at);
  for (const [empty, value] of [
    ['NODE_CHANNEL_FD=', channel],
    ['NODE_OPTIONS=', options],
  ] as const) {
    const index = restored.indexOf(empty);
    if (index >= 0) restored[index] = empty + value;
  }
  return restored;
}

/** Set by systemd to the pid of the program that it starts. Source: sd_listen_fds(3), systemd.exec(5). */
const OWN_PID = /^(?:LISTEN_PID|WATCHDOG_PID|SYSTEMD_EXEC_PID)=(\d+)$/;

/** Longer than any pid. */
const PID_PLACEHOLDER = '0000000000';

/** An environment in which some variables are to become the pid of the target. */
export interface PidVariables {
  entries: ByteString[];
  /** The indices of these variables. */
  indices: number[];
}

/** Prepares the variables that contain our pid, as the target is the program that they are meant for. */
export function preparePidVariables(entries: readonly ByteString[], ownPid: number): PidVariables {
  const isOurs = (entry: ByteString) => OWN_PID.exec(entry)?.[1] === String(ownPid);
  // systemd 257 identifies the process by its pidfd too, which the target does not have yet.
  const kept = entries.some(isOurs) ? entries.filter((each) => !each.startsWith('LISTEN_PIDFDID=')) : entries;
  return {
    entries: kept.map((each) => (isOurs(each) ? each.replace(/\d+$/, PID_PLACEHOLDER) : each)),
    indices: [...kept.keys()].filter((at) => isOurs(kept[at] ?? '')),
  };
}

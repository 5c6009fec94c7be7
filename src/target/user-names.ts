/** The names of users, for lists of processes. */
import { execFile } from 'node:child_process';
import { findEntry, readDatabase } from './user.ts';

/** By a fixed path: cmemstat may run as root with a `PATH` that others set. */
const GETENT = '/usr/bin/getent';

/** The time limit for the name service, which may be on the network. Unit: milliseconds. */
const NAME_SERVICE_TIMEOUT_MS = 10_000;

/** The name of a uid in `/etc/passwd`; undefined if it has none there. Source: passwd(5). */
export function findUserName(uid: number): string | undefined {
  try {
    return findEntry(readDatabase('passwd'), String(uid))?.[0];
  } catch {
    return undefined;
  }
}

/**
 * The names that the name service (LDAP, systemd-homed, ...) has for some uids; those without one are left
 * out. Without getent(1), or if it does not answer in time, nothing is found. Source: getent(1).
 */
export function askUserNames(uids: readonly number[]): Promise<Map<number, string>> {
  return new Promise((resolve) => {
    const keys = ['passwd', ...uids.map(String)];
    try {
      // It prints the entries that it finds, and fails if there are others.
      execFile(GETENT, keys, { timeout: NAME_SERVICE_TIMEOUT_MS }, (_, text) => resolve(parseNames(text)));
    } catch {
      // No memory for another process: the numbers are shown.
      resolve(new Map());
    }
  });
}

function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, , uid] of text.split('\n').map((line) => line.split(':'))) {
    if (name !== undefined && name !== '' && uid !== undefined) names.set(Number(uid), name);
  }
  return names;
}

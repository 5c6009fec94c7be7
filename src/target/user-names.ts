/** The names of users, for lists of processes. */
import { execFile } from 'node:child_process';
import { systemEnvironment } from '../kernel/system-environment.ts';
import { findEntry, NAME_SERVICE_TIMEOUT_MS, readDatabase } from './user.ts';

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
    const options = { env: systemEnvironment(), timeout: NAME_SERVICE_TIMEOUT_MS };
    try {
      // It prints the entries that it finds, and fails if there are others.
      execFile('getent', keys, options, (_, text) => resolve(parseNames(text)));
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

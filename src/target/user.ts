/** `--user NAME|UID[:GID]`: the user that the target runs as. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errnoOf, UsageError } from '../errors.ts';

/** A user that the target can run as. */
export interface TargetUser {
  uid: number;
  gid: number;
  /** Absent for a numeric uid without an entry in /etc/passwd. */
  name?: string;
  home?: string;
  shell?: string;
}

const OPTION = '--user';

/** A database of users or groups, and how the entry with a name or id is found in it. */
type Lookup = (database: 'passwd' | 'group', key: string) => string[] | undefined;

/**
 * Looks up a user and a group, in `/etc/passwd` and `/etc/group` or else where the name service finds them
 * (LDAP, systemd-homed, ...); a numeric uid does not need an entry.
 * @throws UsageError if the name is unknown or the text is malformed.
 */
export function resolveUser(text: string, lookUp: Lookup = lookUpEntry): TargetUser {
  const [who = '', group, ...rest] = text.split(':');
  if (who === '' || group === '' || rest.length > 0) {
    throw new UsageError(OPTION, `${OPTION} ${text}: expected NAME or UID, or either with :GID`);
  }
  const entry = lookUp('passwd', who);
  if (entry === undefined ? !isId(who) : !isId(entry[2] ?? '') || !isId(entry[3] ?? '')) {
    throw new UsageError(OPTION, `${OPTION} ${text}: unknown user '${who}'`, 'getent passwd | cut -d: -f1');
  }
  const uid = entry === undefined ? Number(who) : Number(entry[2]);
  const gid = group === undefined ? Number(entry?.[3] ?? uid) : resolveGroup(text, group, lookUp);
  const user: TargetUser = { uid, gid };
  if (entry?.[0] !== undefined) user.name = entry[0];
  if (entry?.[5]) user.home = entry[5];
  if (entry?.[6]) user.shell = entry[6];
  return user;
}

function resolveGroup(text: string, group: string, lookUp: Lookup): number {
  if (isId(group)) return Number(group);
  const id = lookUp('group', group)?.[2];
  if (id === undefined || !isId(id)) {
    throw new UsageError(OPTION, `${OPTION} ${text}: unknown group '${group}'`, 'getent group | cut -d: -f1');
  }
  return Number(id);
}

/** The fields of an entry: from the file, or as getent(1) prints it where the file does not have it. */
function lookUpEntry(database: 'passwd' | 'group', key: string): string[] | undefined {
  return findEntry(readDatabase(database), key) ?? askNameService(database, key);
}

/** Finds an entry by its name, else by its id, like chown(1). Source: passwd(5), group(5), getent(1). */
export function findEntry(text: string, key: string): string[] | undefined {
  const entries = text.split('\n').map((line) => line.split(':'));
  return entries.find((fields) => fields[0] === key) ?? entries.find((fields) => fields[2] === key);
}

/** The text of `/etc/passwd` or `/etc/group`; empty if there is none. */
export function readDatabase(database: string): string {
  try {
    return readFileSync(`/etc/${database}`, 'utf8');
  } catch (error) {
    // A minimal container may have none.
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** The time limit for the name service, which may be on the network. Unit: milliseconds. */
const NAME_SERVICE_TIMEOUT_MS = 10_000;

/** The entry that the name service switch has; undefined if it has none, or if there is no getent(1). */
function askNameService(database: string, key: string): string[] | undefined {
  if (key.startsWith('-')) return undefined;
  try {
    const entry = execFileSync('getent', [database, key], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: NAME_SERVICE_TIMEOUT_MS,
    });
    return entry.split('\n')[0]?.split(':');
  } catch {
    return undefined;
  }
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;
}

/** `--user NAME|UID[:GID]`: the user that the target runs as. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errnoOf, UsageError } from '../errors.ts';
import { systemEnvironment } from '../kernel/system-environment.ts';

/** A user that the target can run as. */
export interface TargetUser {
  uid: number;
  gid: number;
  /** Supplementary groups, as initgroups(3) sets them; none for a numeric uid without an entry. */
  groups: number[];
  /** Absent for a numeric uid without an entry in /etc/passwd. */
  name?: string;
  /** `/` if there is no entry, or if it has none. */
  home: string;
  /** `/bin/sh` if there is no entry, or if it has none. Source: passwd(5). */
  shell: string;
}

const OPTION = '--user';

/** The databases of users and groups. */
interface UserDatabase {
  /** The fields of the entry with a name or id. */
  find(database: 'passwd' | 'group', key: string): string[] | undefined;
  /** The groups that list this user as a member. */
  groupsOf(user: string): number[];
}

/**
 * Looks up a user and a group, in `/etc/passwd` and `/etc/group` or else where the name service finds them
 * (LDAP, systemd-homed, ...); a numeric uid does not need an entry.
 * @throws UsageError if the name is unknown, the text is malformed or the name service does not answer.
 */
export function resolveUser(text: string, database: UserDatabase = hostDatabase()): TargetUser {
  const [who = '', group, ...rest] = text.split(':');
  if (who === '' || group === '' || rest.length > 0) {
    throw new UsageError(OPTION, `${OPTION} ${text}: expected NAME or UID, or either with :GID`);
  }
  const entry = database.find('passwd', who);
  if (entry === undefined ? !isId(who) : !isId(entry[2] ?? '') || !isId(entry[3] ?? '')) {
    throw new UsageError(OPTION, `${OPTION} ${text}: unknown user '${who}'`, 'getent passwd | cut -d: -f1');
  }
  const uid = entry === undefined ? Number(who) : Number(entry[2]);
  const gid = group === undefined ? Number(entry?.[3] ?? uid) : resolveGroup(text, group, database);
  const home = entry?.[5] || '/';
  const shell = entry?.[6] || '/bin/sh';
  const name = entry?.[0];
  if (name === undefined) return { uid, gid, groups: [], home, shell };
  return { uid, gid, groups: [...new Set([gid, ...database.groupsOf(name)])], name, home, shell };
}

function resolveGroup(text: string, group: string, { find }: UserDatabase): number {
  if (isId(group)) return Number(group);
  const id = find('group', group)?.[2];
  if (id === undefined || !isId(id)) {
    throw new UsageError(OPTION, `${OPTION} ${text}: unknown group '${group}'`, 'getent group | cut -d: -f1');
  }
  return Number(id);
}

/** The files of this host, and what getent(1) knows besides, which is started with this environment. */
export function hostDatabase(environment = systemEnvironment()): UserDatabase {
  return {
    find: (database, key) =>
      findEntry(readDatabase(database), key) ?? runGetent(environment, database, key)?.split(':'),
    groupsOf: (user) => {
      const line = runGetent(environment, 'initgroups', user);
      // Where getent(1) does not know this database, there are no groups but those of the file.
      return line === undefined ? findGroups(readDatabase('group'), user) : parseIds(line.slice(user.length));
    },
  };
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
export const NAME_SERVICE_TIMEOUT_MS = 10_000;

/** The ids of the groups whose list of members contains a user. Source: group(5). */
export function findGroups(text: string, user: string): number[] {
  const entries = text.split('\n').map((line) => line.split(':'));
  return parseIds(
    entries
      .filter((fields) => fields[3]?.split(',').includes(user))
      .map((fields) => fields[2])
      .join(' '),
  );
}

function parseIds(text: string): number[] {
  return text.split(/\s+/).filter(isId).map(Number);
}

/**
 * The first line of getent(1); undefined if it fails, or is not installed.
 * @throws UsageError if it does not end in time.
 */
function runGetent(env: NodeJS.ProcessEnv, database: string, key: string): string | undefined {
  if (key.startsWith('-')) return undefined;
  try {
    const output = execFileSync('getent', [database, key], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: NAME_SERVICE_TIMEOUT_MS,
    });
    return output.split('\n')[0];
  } catch (error) {
    if (errnoOf(error) !== 'ETIMEDOUT') return undefined;
    throw new UsageError(OPTION, `${OPTION}: getent ${database} ${key}: no answer in 10 s`);
  }
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;
}

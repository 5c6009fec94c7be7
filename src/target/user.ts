/** `--user NAME|UID[:GID]`: the user that the target runs as. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';

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

/**
 * Looks up a user in `/etc/passwd` and a group in `/etc/group`; a numeric uid does not need an entry.
 * @throws UsageError if the name is unknown or the text is malformed.
 */
export function resolveUser(
  text: string,
  passwd: string = readFileSync('/etc/passwd', 'utf8'),
  groups: () => string = () => readFileSync('/etc/group', 'utf8'),
): TargetUser {
  const [who = '', group, ...rest] = text.split(':');
  if (who === '' || group === '' || rest.length > 0) {
    throw new UsageError(OPTION, `${OPTION} ${text}: expected NAME or UID, or either with :GID`);
  }
  const entries = passwd.split('\n').map((line) => line.split(':'));
  const entry = entries.find((fields) => fields[0] === who) ?? entries.find((fields) => fields[2] === who);
  if (entry === undefined ? !isId(who) : !isId(entry[2] ?? '') || !isId(entry[3] ?? '')) {
    throw new UsageError(OPTION, `${OPTION} ${text}: unknown user '${who}'`, 'getent passwd | cut -d: -f1');
  }
  const uid = entry === undefined ? Number(who) : Number(entry[2]);
  const gid = group === undefined ? Number(entry?.[3] ?? uid) : resolveGroup(text, group, groups());
  const user: TargetUser = { uid, gid };
  if (entry?.[0] !== undefined) user.name = entry[0];
  if (entry?.[5]) user.home = entry[5];
  if (entry?.[6]) user.shell = entry[6];
  return user;
}

function resolveGroup(text: string, group: string, groups: string): number {
  if (isId(group)) return Number(group);
  const entry = groups
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === group);
  if (entry === undefined) throw new UsageError(OPTION, `${OPTION} ${text}: unknown group '${group}'`);
  return Number(entry[2]);
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1;
}

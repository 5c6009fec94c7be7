import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '#src/errors.ts';
import { findEntry, findGroups, hostDatabase, resolveUser } from '#src/target/user.ts';
import { makeTree } from '../temporary-tree.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
ada:x:1000:1001:Ada,,,:/home/ada:/bin/zsh
1001:x:2000:2000:a name of digits:/home/digits:/bin/sh
bare:x:3000:3000:::
`;
const GROUP = 'root:x:0:\nstaff:x:50:ada\nada:x:1001:\nnavy:x:60:eve,ada\nadas:x:61:adah,eve\n';

const resolve = (text: string) =>
  resolveUser(text, {
    find: (database, key) => findEntry(database === 'passwd' ? PASSWD : GROUP, key),
    groupsOf: (user) => findGroups(GROUP, user),
  });

describe('resolveUser', () => {
  const ada = { uid: 1000, name: 'ada', home: '/home/ada', shell: '/bin/zsh' };
  const unnamed = { groups: [], home: '/', shell: '/bin/sh' };

  it.each([
    ['ada', { ...ada, gid: 1001, groups: [1001, 50, 60] }],
    ['1000', { ...ada, gid: 1001, groups: [1001, 50, 60] }],
    ['ada:staff', { ...ada, gid: 50, groups: [50, 60] }],
    ['ada:7', { ...ada, gid: 7, groups: [7, 50, 60] }],
    ['1000:staff', { ...ada, gid: 50, groups: [50, 60] }],
    ['root', { uid: 0, gid: 0, groups: [0], name: 'root', home: '/root', shell: '/bin/bash' }],
    ['4000', { ...unnamed, uid: 4000, gid: 4000 }],
    ['4000:staff', { ...unnamed, uid: 4000, gid: 50 }],
    ['4294967294', { ...unnamed, uid: 4_294_967_294, gid: 4_294_967_294 }],
  ])('resolves %s', (text, user) => {
    expect(resolve(text)).toEqual(user);
  });

  it('interprets a numeric argument as a name first, like chown', () => {
    expect(resolve('1001')).toMatchObject({ uid: 2000, name: '1001' });
  });

  it('has the home and the shell of passwd(5) if the entry has none', () => {
    expect(resolve('bare')).toMatchObject({ uid: 3000, name: 'bare', home: '/', shell: '/bin/sh' });
  });

  it.each([
    ['', 'expected NAME or UID'],
    [':staff', 'expected NAME or UID'],
    ['ada:', 'expected NAME or UID'],
    ['ada:staff:x', 'expected NAME or UID'],
    ['nobody-here', "unknown user 'nobody-here'"],
    ['ad', "unknown user 'ad'"],
    ['-1', "unknown user '-1'"],
    ['4294967295', "unknown user '4294967295'"],
    ['1e3', "unknown user '1e3'"],
    ['ada:nobody-here', "unknown group 'nobody-here'"],
    ['ada:-1', "unknown group '-1'"],
    ['ada:4294967295', "unknown group '4294967295'"],
  ])('rejects %o', (text, message) => {
    expect(() => resolve(text)).toThrow(UsageError);
    expect(() => resolve(text)).toThrow(`--user ${text}: ${message}`);
  });

  it('reads the users of this host', () => {
    expect(resolveUser('root')).toMatchObject({ uid: 0, gid: 0, name: 'root' });
    expect(resolveUser('root:root').gid).toBe(0);
  });
});

describe('a user known only to the name service', () => {
  const folder = makeTree({
    getent: `#!/bin/sh
case "$*" in
'passwd grace' | 'passwd 7001') echo 'grace:*:7001:7002:Grace:/home/grace:/bin/sh' ;;
'group navy') echo 'navy:*:7003:' ;;
'initgroups grace') echo 'grace                 7003 7004' ;;
*) exit 2 ;;
esac
`,
  });
  chmodSync(join(folder, 'getent'), 0o755);
  const database = hostDatabase({ PATH: `${folder}:/usr/bin:/bin` });
  const grace = { uid: 7001, name: 'grace', home: '/home/grace', shell: '/bin/sh' };

  it.each([
    ['grace', { ...grace, gid: 7002, groups: [7002, 7003, 7004] }],
    ['7001', { ...grace, gid: 7002, groups: [7002, 7003, 7004] }],
    ['grace:navy', { ...grace, gid: 7003, groups: [7003, 7004] }],
    ['7999', { uid: 7999, gid: 7999, groups: [], home: '/', shell: '/bin/sh' }],
  ])('is found by getent: %s', (text, user) => {
    expect(resolveUser(text, database)).toEqual(user);
  });

  it('is unknown if getent does not know it either', () => {
    expect(() => resolveUser('nobody-here', database)).toThrow("unknown user 'nobody-here'");
  });
});

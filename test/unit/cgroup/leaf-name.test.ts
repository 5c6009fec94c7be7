import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOwnerAlive, isSelfName, leafName, parseLeafName } from '#src/cgroup/leaf-name.ts';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';

describe('leafName', () => {
  it('distinguishes us from every other process, also a later one with our pid', () => {
    const { startTime } = readPidStat('self');
    expect(leafName()).toBe(`cmemstat-${process.pid}-${startTime}`);
    expect(leafName('self')).toBe(`cmemstat-self-${process.pid}-${startTime}`);
  });

  it.each(['leaf', 'self'] as const)('of a %s can be read back', (role) => {
    expect(parseLeafName(leafName(role))).toEqual({
      pid: process.pid,
      startTime: readPidStat('self').startTime,
    });
  });
});

describe('parseLeafName', () => {
  it('reads back any owner', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.bigInt({ min: 0n, max: 2n ** 64n }),
        fc.constantFrom('', 'self-'),
        fc.constantFrom({}, { namespaces: '4026532179-4026532178' }),
        (pid, start, role, other: { namespaces?: string }) => {
          const suffix = other.namespaces === undefined ? '' : `-${other.namespaces}`;
          const startTime = String(start);
          expect(parseLeafName(`cmemstat-${role}${pid}-${start}${suffix}`)).toEqual({
            pid,
            startTime,
            ...other,
          });
        },
      ),
    );
  });

  it.each([
    '',
    'cmemstat',
    'cmemstat-1',
    'cmemstat-1-',
    'cmemstat-1-2-3',
    'cmemstat--1-2',
    'cmemstat-x-2',
    'cmemstat-1-2.scope',
    'cmemstat-other-1-2',
    'my-cmemstat-1-2',
    'cmemstat-1-2\n3',
  ])('rejects %o', (name) => {
    expect(parseLeafName(name)).toBeUndefined();
  });
});

describe('isSelfName', () => {
  it.each([
    ['cmemstat-self-1-2', true],
    ['cmemstat-1-2', false],
    ['cmemstat-self-', false],
    ['cmemstat-self-1', false],
  ])('of %s is %o', (name, answer) => {
    expect(isSelfName(name)).toBe(answer);
  });
});

describe('isOwnerAlive', () => {
  it('is true for ourselves', () => {
    expect(isOwnerAlive({ pid: process.pid, startTime: readPidStat('self').startTime })).toBe(true);
  });

  it('is false for a process that had our pid before us', () => {
    expect(isOwnerAlive({ pid: process.pid, startTime: '1' })).toBe(false);
  });

  it('is true for one in other namespaces, whose pid means another process here', () => {
    const namespaces = '4026539999-4026531834';
    expect(isOwnerAlive({ pid: process.pid, startTime: '1', namespaces })).toBe(true);
  });

  it('is false for one that has ended', async () => {
    const child = spawn('sleep', ['60']);
    const owner = { pid: child.pid ?? 0, startTime: readPidStat(child.pid ?? 0).startTime };
    expect(isOwnerAlive(owner)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isOwnerAlive(owner)).toBe(false);
  });

  it('is false for a zombie, which will never clean up', async () => {
    // exec keeps the shell's child, which is no longer waited for.
    // The child exits after the exec: earlier, the shell reaps it.
    const untilExec = 'until read -r comm </proc/$parent/comm && [ "$comm" = sleep ]; do :; done';
    const parent = spawn('sh', ['-c', `parent=$$; (${untilExec}) & echo $!; exec sleep 60`]);
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text);
    const { startTime } = readPidStat(pid);
    await expect.poll(() => readPidStat(pid).state, { timeout: 5000 }).toBe('Z');
    expect(isOwnerAlive({ pid, startTime })).toBe(false);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });
});

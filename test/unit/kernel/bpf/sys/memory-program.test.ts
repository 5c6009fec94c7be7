import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Libc } from '#src/kernel/bpf/sys/libc.ts';
import { copyToMemory } from '#src/kernel/bpf/sys/memory-program.ts';

const EACCES = -13;
const EINVAL = -22;

/** A C library whose memfd_create(2) returns these in turn; the flags that it gets are collected. */
function libcWith(results: readonly number[]): { libc: Libc; flags: number[] } {
  const flags: number[] = [];
  const memfdCreate = (_: string, flag: number) => results[flags.push(flag) - 1] ?? EINVAL;
  return { libc: { memory: () => ({ memfdCreate }) } as unknown as Libc, flags };
}

const openFile = () => openSync(join(tmpdir(), `memory-program-${process.pid}`), 'w+', 0o600);

it('copies the stub into a file in memory that may be executed', () => {
  const fd = openFile();
  const { libc, flags } = libcWith([fd]);
  expect(copyToMemory(libc, 'stub', Buffer.from('stub'))).toEqual({
    path: `/proc/self/fd/${fd}`,
    descriptor: fd,
  });
  expect(readFileSync(join(tmpdir(), `memory-program-${process.pid}`), 'utf8')).toBe('stub');
  // MFD_CLOEXEC and MFD_EXEC.
  expect(flags).toEqual([0x11]);
  closeSync(fd);
});

it('leaves out the flag that Linux before 6.3 does not know', () => {
  const fd = openFile();
  const { libc, flags } = libcWith([EINVAL, fd]);
  expect(copyToMemory(libc, 'stub', Buffer.from('stub'))?.descriptor).toBe(fd);
  expect(flags).toEqual([0x11, 1]);
  closeSync(fd);
});

it('leaves the start to the shell where nothing in memory may be executed', () => {
  const { libc } = libcWith([EACCES, EACCES]);
  expect(copyToMemory(libc, 'stub', Buffer.from('stub'))).toBeUndefined();
});

it('leaves the start to the shell if there is no memory for the stub', () => {
  const fd = openSync('/dev/full', 'w');
  const { libc } = libcWith([fd]);
  expect(copyToMemory(libc, 'stub', Buffer.from('stub'))).toBeUndefined();
  expect(() => fstatSync(fd)).toThrow('EBADF');
});

import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errnoName } from '#src/errno.ts';
import { createEventFd, openLibc } from '#src/kernel/bpf/sys/libc.ts';
import { readPseudoFile } from '#src/kernel/pseudo-file.ts';

describe('libc', () => {
  it('returns the errno of a failed call as a negative number', async () => {
    const libc = await openLibc();
    expect(errnoName(-libc.syscall(100_000, 0, Buffer.alloc(8), 8))).toBe('ENOSYS');
    expect(errnoName(-libc.eventfd(0, 2))).toBe('EINVAL');
  });

  it('is opened once', () => {
    expect(openLibc()).toBe(openLibc());
  });

  it('returns the address of a buffer', async () => {
    const libc = await openLibc();
    const buffer = Buffer.alloc(64);
    expect(libc.address(buffer.subarray(16)) - libc.address(buffer)).toBe(16n);
  });

  it('creates an eventfd that no child inherits', async () => {
    const fd = await createEventFd();
    try {
      expect(readPseudoFile(`/proc/self/fdinfo/${fd}`)).toMatch(/^eventfd-count:\s+0$/m);
      expect(readPseudoFile(`/proc/self/fdinfo/${fd}`)).toMatch(/^flags:\s+02000002$/m);
    } finally {
      closeSync(fd);
    }
  });
});

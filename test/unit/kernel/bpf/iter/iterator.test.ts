import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PermissionError, SyscallError } from '#src/errors.ts';
import { openIterator } from '#src/kernel/bpf/iter/iterator.ts';
import { descriptor, fakeBpf, leakedDescriptors, refuse } from '../sys/fake-bpf.ts';

const PROGRAM = { name: 'test', attachBtfId: 7, instructions: Buffer.alloc(16) };

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'iterator-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const working = {
  BPF_PROG_LOAD: descriptor(),
  BPF_LINK_CREATE: descriptor(),
  BPF_ITER_CREATE: descriptor(),
  BPF_OBJ_GET_INFO_BY_FD: () => 0,
};

describe('an iterator', () => {
  it.each([0, 1, 32 * 1024, 200_000])('reads %i bytes whole, again and again', (length) => {
    const path = join(directory, String(length));
    const content = Buffer.alloc(length, 'record');
    writeFileSync(path, content);
    const leaked = leakedDescriptors(() => {
      const iterator = openIterator(fakeBpf({ ...working, BPF_ITER_CREATE: descriptor(path) }), PROGRAM);
      for (let round = 0; round < 3; round++) expect(iterator.read().equals(content)).toBe(true);
      iterator.close();
      iterator.close();
    });
    expect(leaked).toBe(0);
  });

  it.each([
    ['BPF_PROG_LOAD', 'EPERM'],
    ['BPF_LINK_CREATE', 'EPERM'],
    ['BPF_LINK_CREATE', 'EBUSY'],
    ['BPF_OBJ_GET_INFO_BY_FD', 'EFAULT'],
  ] as const)('leaves nothing open when %s fails with %s', (command, errno) => {
    const bpf = fakeBpf({ ...working, [command]: refuse(command, errno) });
    const leaked = leakedDescriptors(() => {
      expect(() => openIterator(bpf, PROGRAM)).toThrow(errno === 'EPERM' ? PermissionError : SyscallError);
    });
    expect(leaked).toBe(0);
  });

  it('leaves nothing open when it can not be started or read', () => {
    const leaked = leakedDescriptors(() => {
      const refused = openIterator(
        fakeBpf({ ...working, BPF_ITER_CREATE: refuse('BPF_ITER_CREATE', 'EMFILE') }),
        PROGRAM,
      );
      expect(() => refused.read()).toThrow('EMFILE');
      refused.close();
      const unreadable = openIterator(
        fakeBpf({ ...working, BPF_ITER_CREATE: descriptor(directory) }),
        PROGRAM,
      );
      expect(() => unreadable.read()).toThrow('EISDIR');
      unreadable.close();
    });
    expect(leaked).toBe(0);
  });

  it('names the capabilities that it takes', () => {
    const bpf = fakeBpf({ ...working, BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM') });
    expect(() => openIterator(bpf, PROGRAM)).toThrow(
      expect.objectContaining({ needs: 'CAP_BPF and CAP_PERFMON' }),
    );
  });

  it('has the verifier say why a program is refused, and only then', () => {
    const said = 'processed nothing\nR0 !read_ok\n';
    const bpf = fakeBpf({
      ...working,
      BPF_PROG_LOAD: (attr, [, , log]) => {
        log?.set(Buffer.from(said));
        return refuse('BPF_PROG_LOAD', 'EACCES')(attr, []);
      },
    });
    expect(() => openIterator(bpf, PROGRAM)).toThrow(
      expect.objectContaining({
        errno: 'EACCES',
        cause: expect.objectContaining({ message: expect.stringContaining('R0 !read_ok') }),
      }),
    );
    expect(bpf.calls).toEqual(['BPF_PROG_LOAD', 'BPF_PROG_LOAD']);
  });
});

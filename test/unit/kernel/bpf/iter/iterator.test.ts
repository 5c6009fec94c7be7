import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PermissionError, SyscallError } from '#src/errors.ts';
import { type IteratorProgram, openIterator } from '#src/kernel/bpf/iter/iterator.ts';
import type { PreparedObject } from '#src/kernel/bpf/load/prepared-object.ts';
import { HOST_BYTE_ORDER } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { descriptor, fakeBpf, leakedDescriptors, refuse } from '../sys/fake-bpf.ts';

/** An object with one program, which has two constants. */
const OBJECT: PreparedObject = {
  name: 'test',
  byteOrder: HOST_BYTE_ORDER,
  license: 'GPL',
  maps: [],
  programs: [
    {
      name: 'test',
      type: 26,
      attachType: 28,
      sleepable: false,
      attachBtfId: 7,
      instructions: Buffer.from('1801000000000000000000000000000018020000000000000000000000000000', 'hex'),
      maps: [],
      symbols: [
        { instruction: 0, symbol: 'cmemstat_given', weak: true },
        { instruction: 2, symbol: 'cmemstat_left_out', weak: true },
      ],
      unmet: [],
    },
  ],
};
const PROGRAM: IteratorProgram = { object: OBJECT, name: 'test', since: '5.8' };

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
  it.each([0, 1, 32 * 1024, 200_000])('reads %i bytes completely, repeatedly', (length) => {
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

  it('leaves nothing open if it cannot be started or read', () => {
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

  it('passes its constants to the program, and 0 for missing ones', () => {
    const loaded: string[] = [];
    const load = descriptor();
    const bpf = fakeBpf({
      ...working,
      BPF_PROG_LOAD: (attr, pointees) => {
        loaded.push(Buffer.from(pointees[0] ?? []).toString('hex'));
        return load(attr, pointees);
      },
    });
    openIterator(bpf, { ...PROGRAM, constants: { given: 0x1_0203_0405n } }).close();
    const expected = Buffer.alloc(32);
    expected.writeUInt16BE(0x1801, 0);
    expected.writeUInt16BE(0x1802, 16);
    if (HOST_BYTE_ORDER === 'LE') {
      expected.writeUInt32LE(0x0203_0405, 4);
      expected.writeUInt32LE(1, 12);
    } else {
      expected.writeUInt32BE(0x0203_0405, 4);
      expected.writeUInt32BE(1, 12);
    }
    expect(loaded).toEqual([expected.toString('hex')]);
  });

  it('reports since when the kernel has its type', () => {
    const programs = OBJECT.programs.map((each) => ({
      ...each,
      unavailable: 'this kernel has no bpf_iter_x',
    }));
    const missing = { ...PROGRAM, object: { ...OBJECT, programs }, since: '5.19' };
    expect(() => openIterator(fakeBpf(working), missing)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        since: '5.19',
        message: 'this kernel has no bpf_iter_x (requires Linux 5.19)',
      }),
    );
  });

  it('reports the required capabilities', () => {
    const bpf = fakeBpf({ ...working, BPF_PROG_LOAD: refuse('BPF_PROG_LOAD', 'EPERM') });
    expect(() => openIterator(bpf, PROGRAM)).toThrow(
      expect.objectContaining({ needs: 'CAP_BPF and CAP_PERFMON' }),
    );
  });

  it('requests the verifier log only after a program was rejected', () => {
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

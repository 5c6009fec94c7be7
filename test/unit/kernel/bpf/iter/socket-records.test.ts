import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePipeRecords, PIPE_RECORD_SIZE } from '#src/kernel/bpf/iter/pipe-iterator.ts';
import { decodeSocketRecords, SOCKET_RECORD_SIZE } from '#src/kernel/bpf/iter/socket-iterators.ts';
import type { ByteOrder } from '#src/kernel/bpf/sys/bpf-struct.ts';

/** Writes numbers in a byte order: offset, size, value. */
function record(size: number, order: ByteOrder, numbers: [number, 1 | 2 | 4 | 8, bigint | number][]): Buffer {
  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const little = order === 'LE';
  for (const [offset, width, value] of numbers) {
    if (width === 1) view.setUint8(offset, Number(value));
    else if (width === 2) view.setUint16(offset, Number(value), little);
    else if (width === 4) view.setUint32(offset, Number(value), little);
    else view.setBigUint64(offset, BigInt(value), little);
  }
  return bytes;
}

const HEAD: [number, 1 | 2 | 4 | 8, bigint | number][] = [
  [0, 8, 0xffff_8880_0000_1000n],
  [8, 8, 77],
  [16, 8, 1234],
  [32, 4, 42],
  [36, 4, 5],
  [40, 4, 4026531833],
  [50, 2, 1],
  [52, 2, 6],
  [54, 1, 1],
  [56, 4, 1000],
  [60, 4, 2000],
  [64, 4, 3001],
  [68, 4, 4000],
  [72, 4, 50],
];

describe.each<ByteOrder>(['LE', 'BE'])('decodeSocketRecords, %s', (order) => {
  const decode = (bytes: Buffer) => decodeSocketRecords(bytes, order)[0];

  it('reads a TCP connection over IPv4', () => {
    const bytes = record(SOCKET_RECORD_SIZE, order, [...HEAD, [48, 2, 2], [92, 2, 8080]]);
    bytes.writeUInt16BE(443, 94);
    bytes.set([127, 0, 0, 1], 96);
    bytes.set([10, 1, 2, 3], 112);
    expect(decode(bytes)).toEqual({
      identity: 0xffff_8880_0000_1000n,
      inode: 77n,
      cgroupId: 1234n,
      peerIdentity: 0n,
      pid: 42,
      fd: 5,
      netNamespace: 4026531833,
      family: 2,
      type: 1,
      protocol: 6,
      state: 1,
      rmemAlloc: 1000,
      wmemQueued: 2000,
      wmemAlloc: 3000,
      forwardAlloc: 4000,
      backlog: 50,
      queueLength: 0,
      queueBytes: 0,
      queuePageBytes: 0,
      localAddress: '127.0.0.1',
      localPort: 8080,
      remoteAddress: '10.1.2.3',
      remotePort: 443,
    });
  });

  it.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1:2', 'fe800000000000000000000000010002'],
    ['2001:db8:1::2:0:3', '20010db8000100000000000200000003'],
    ['1:0:2:3:4:5:6:7', '00010000000200030004000500060007'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ])('prints %s as ss does', (address, hex) => {
    const bytes = record(SOCKET_RECORD_SIZE, order, [...HEAD, [48, 2, 10]]);
    bytes.write(hex, 96, 'hex');
    expect(decode(bytes)?.localAddress).toBe(address);
  });

  it.each([
    ['a path', '/run/x\0', '/run/x'],
    ['an abstract name with any bytes', '\0a\0\xff', '\0a\0\xff'],
    ['none', '', undefined],
  ])('reads a unix socket with %s, and extrapolates a long queue', (_, name, expected) => {
    const bytes = record(SOCKET_RECORD_SIZE, order, [
      ...HEAD,
      [24, 8, 0xffff_8880_0000_2000n],
      [44, 4, name.length],
      [48, 2, 1],
      [76, 4, 64],
      [80, 4, 32],
      [84, 4, 3200],
      [88, 4, 1600],
    ]);
    bytes.write(name, 128, 'latin1');
    const socket = decode(bytes);
    expect(socket).toMatchObject({ family: 1, queueLength: 64, queueBytes: 6400, queuePageBytes: 3200 });
    expect(socket?.peerIdentity).toBe(0xffff_8880_0000_2000n);
    expect(socket?.name).toBe(expected);
    expect(socket?.localAddress).toBeUndefined();
  });

  it('shows counters that are below zero for a moment as 0', () => {
    const numbers: [number, 4, number][] = [56, 60, 64, 68].map((offset) => [offset, 4, 0xffff_ffff]);
    const bytes = record(SOCKET_RECORD_SIZE, order, [...HEAD, ...numbers]);
    expect(decode(bytes)).toMatchObject({ rmemAlloc: 0, wmemQueued: 0, wmemAlloc: 0, forwardAlloc: 0 });
  });

  it('accepts any bytes', () => {
    const bytes = fc.uint8Array({ minLength: SOCKET_RECORD_SIZE, maxLength: SOCKET_RECORD_SIZE });
    fc.assert(
      fc.property(bytes, (each) => {
        expect(decode(Buffer.from(each))).toBeDefined();
      }),
    );
  });
});

describe.each<ByteOrder>(['LE', 'BE'])('decodePipeRecords, %s', (order) => {
  it('extrapolates what was counted in a part of the slots', () => {
    const bytes = record(PIPE_RECORD_SIZE, order, [
      [0, 8, 0xffff_8880_0000_1000n],
      [8, 8, 77],
      [16, 4, 15],
      [20, 4, 42],
      [24, 4, 3],
      [28, 4, 1],
      [32, 4, 2],
      [36, 4, 1024],
      [40, 4, 512],
      [44, 4, 256],
      [48, 4, 128],
      [52, 4, 1000],
      [56, 4, 2],
    ]);
    expect(decodePipeRecords(bytes, order)).toEqual([
      {
        identity: 0xffff_8880_0000_1000n,
        inode: 77n,
        device: 15,
        pid: 42,
        fd: 3,
        readers: 1,
        writers: 2,
        slots: 1024,
        usedSlots: 512,
        ownPages: 256,
        dataBytes: 2000,
        sparePages: 2,
      },
    ]);
  });

  it('reads an empty pipe, and ignores a record that is cut off', () => {
    const bytes = Buffer.alloc(PIPE_RECORD_SIZE + 8);
    expect(decodePipeRecords(bytes, order)).toMatchObject([{ usedSlots: 0, ownPages: 0, dataBytes: 0 }]);
  });
});

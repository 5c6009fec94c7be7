import { describe, expect, it } from 'vitest';
import type { PipeRecord } from '#src/kernel/bpf/iter/pipe-iterator.ts';
import type { SocketRecord } from '#src/kernel/bpf/iter/socket-iterators.ts';
import { assignPipes } from '#src/sampler/explain/pipes.ts';
import { describeSocket, stateOf } from '#src/sampler/explain/socket-name.ts';
import { assignSockets } from '#src/sampler/explain/sockets.ts';

const NOTHING: SocketRecord = {
  identity: 1n,
  inode: 10n,
  cgroupId: 0n,
  peerIdentity: 0n,
  pid: 0,
  fd: 0,
  netNamespace: 1,
  family: 2,
  type: 1,
  protocol: 6,
  state: 1,
  rmemAlloc: 0,
  wmemQueued: 0,
  wmemAlloc: 0,
  forwardAlloc: 0,
  backlog: 0,
  queueLength: 0,
  queueBytes: 0,
  queuePageBytes: 0,
};
const tcp = (more: Partial<SocketRecord>): SocketRecord => ({
  ...NOTHING,
  localAddress: '127.0.0.1',
  localPort: 80,
  remoteAddress: '127.0.0.1',
  remotePort: 999,
  ...more,
});
const unix = (more: Partial<SocketRecord>): SocketRecord => ({ ...NOTHING, family: 1, protocol: 0, ...more });
const owner = { pids: [42, 43], cgroupIds: new Set([7n]), version: 2 as const };

describe('assignSockets', () => {
  it('lists a socket once, with the processes that have it open', () => {
    const records = [42, 43, 42, 50].map((pid) => tcp({ pid, cgroupId: 7n, rmemAlloc: 100 }));
    expect(assignSockets(records, [], owner)).toMatchObject({
      count: 1,
      sockets: [{ pids: [42, 43], isSharedOutside: true, bytes: 100, charge: 'sock', protocol: 'tcp' }],
    });
  });

  it('adds up what TCP has reserved, queued and received', () => {
    const [socket] = assignSockets(
      [tcp({ pid: 42, cgroupId: 7n, rmemAlloc: 1, wmemQueued: 20, forwardAlloc: 300, backlog: 4000 })],
      [],
      owner,
    ).sockets;
    expect(socket).toMatchObject({ bytes: 321, unreadBytes: 4001, unsentBytes: 20 });
    expect(socket?.name).toBe('127.0.0.1:80 -> 127.0.0.1:999');
  });

  it('counts sockets by the cgroup that pays, else by the process', () => {
    const records = [
      tcp({ identity: 1n, pid: 42, cgroupId: 8n, rmemAlloc: 1 }),
      tcp({ identity: 2n, pid: 50, cgroupId: 7n, rmemAlloc: 2 }),
      unix({ identity: 3n, pid: 42, wmemAlloc: 3 }),
      unix({ identity: 4n, pid: 50, wmemAlloc: 4 }),
    ];
    const orphan = tcp({ identity: 5n, cgroupId: 7n, wmemQueued: 5, state: 4 });
    const found = assignSockets(records, [orphan], owner);
    expect(found.sockets.map(({ bytes }) => bytes)).toEqual([5, 3, 2]);
    expect(found.sockets[0]).toMatchObject({ pids: [], state: 'fin-wait-1' });
  });

  it('knows that v1 does not charge TCP buffers with other memory', () => {
    const found = assignSockets([tcp({ pid: 42, rmemAlloc: 1 })], [], { ...owner, version: 1 });
    expect(found.sockets).toMatchObject([{ charge: 'none', bytes: 1 }]);
  });

  it('attributes unix buffers to who sent them, with the share of pages of the queue they are in', () => {
    const sender = unix({ identity: 1n, pid: 42, peerIdentity: 2n, wmemAlloc: 1000 });
    const receiver = unix({
      identity: 2n,
      inode: 11n,
      pid: 43,
      peerIdentity: 1n,
      queueBytes: 1000,
      queuePageBytes: 800,
    });
    const found = assignSockets([sender, receiver], [], owner).sockets;
    expect(found).toMatchObject([
      {
        bytes: 1000,
        pageBytes: 800,
        unsentBytes: 1000,
        unreadBytes: 0,
        charge: 'kernel',
        name: '[10] -> [11]',
      },
      { bytes: 0, pageBytes: 0, unsentBytes: 0, unreadBytes: 1000, name: '[11] -> [10]' },
    ]);
  });

  it('attributes what a closed sender has left to the receiver', () => {
    const receiver = unix({ pid: 42, peerIdentity: 9n, queueBytes: 500, queuePageBytes: 400 });
    expect(assignSockets([receiver], [], owner).sockets).toMatchObject([
      { bytes: 500, pageBytes: 400, note: 'unread bytes of a sender that is closed' },
    ]);
  });

  it('counts sockets without memory, and does not list them', () => {
    expect(assignSockets([tcp({ pid: 42 })], [], owner)).toEqual({ sockets: [], count: 1 });
  });
});

describe('describeSocket', () => {
  it.each([
    [tcp({ remotePort: 0 }), undefined, '127.0.0.1:80'],
    [tcp({ localAddress: '::1', remoteAddress: '::1' }), undefined, '[::1]:80 -> [::1]:999'],
    [unix({ name: '/run/x' }), unix({ name: '/y' }), '/run/x'],
    [unix({ name: '\0abc\0' }), undefined, '@abc\0'],
    [unix({}), unix({ name: '/run/x' }), '-> /run/x'],
    [unix({ inode: 5n }), unix({ inode: 6n }), '[5] -> [6]'],
    [unix({ inode: 5n }), undefined, '[5]'],
    [unix({ inode: 0n }), undefined, 'not yet accepted, or on its way to a process'],
    [{ ...NOTHING, family: 16 }, undefined, 'netlink'],
    [{ ...NOTHING, family: 99 }, undefined, 'address family 99'],
  ])('shows %#', (record, peer, expected) => {
    expect(describeSocket(record, peer)).toBe(expected);
  });

  it('names states, also ones of later kernels', () => {
    expect([1, 10, 99].map((state) => stateOf({ ...NOTHING, state }))).toEqual([
      'established',
      'listen',
      'state 99',
    ]);
  });
});

describe('assignPipes', () => {
  const pipe = (more: Partial<PipeRecord>): PipeRecord => ({
    identity: 1n,
    inode: 10n,
    device: 15,
    pid: 42,
    fd: 3,
    readers: 1,
    writers: 1,
    slots: 16,
    usedSlots: 16,
    ownPages: 16,
    dataBytes: 65536,
    sparePages: 1,
    ...more,
  });

  it('lists a pipe once, those of other processes not at all', () => {
    const records = [
      pipe({}),
      pipe({ fd: 4 }),
      pipe({ pid: 43 }),
      pipe({ identity: 2n, inode: 11n, pid: 50 }),
      pipe({ identity: 3n, inode: 12n, ownPages: 0, sparePages: 0, dataBytes: 0 }),
      pipe({ identity: 4n, inode: 13n, ownPages: 20 }),
      pipe({ identity: 4n, inode: 13n, pid: 50 }),
    ];
    expect(assignPipes(records, [42, 43], 4096)).toEqual({
      count: 3,
      pipes: [
        {
          inode: 13n,
          pids: [42],
          isSharedOutside: true,
          readers: 1,
          writers: 1,
          dataBytes: 65536,
          bytes: 21 * 4096,
        },
        {
          inode: 10n,
          pids: [42, 43],
          isSharedOutside: false,
          readers: 1,
          writers: 1,
          dataBytes: 65536,
          bytes: 17 * 4096,
        },
      ],
    });
  });
});

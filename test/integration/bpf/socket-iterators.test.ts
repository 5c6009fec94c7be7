/** The iterators of sockets and pipes, with sockets and pipes of this process. */
import { closeSync, writeSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { prepareScanObjects, type ScanObjects } from '#src/kernel/bpf/scan/scan-objects.ts';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { createPipe, type Libc, openLibc } from '#src/kernel/bpf/sys/libc.ts';
import { readPageSize } from '#src/kernel/procfs/auxv.ts';
import { readPipes } from '#src/sampler/explain/pipes.ts';
import { readSockets, type SocketMemory } from '#src/sampler/explain/sockets.ts';
import { required } from '../../required.ts';
import { scratch } from '../harness.ts';
import { requires } from './bpf-requirements.ts';

let bpf: Bpf;
let libc: Libc;
let objects: ScanObjects | undefined;
const descriptors: number[] = [];

beforeAll(async () => {
  bpf = await openBpf();
  libc = await openLibc();
  objects = await prepareScanObjects(undefined, { directory: scratch }).catch(() => undefined);
}, 180_000);
afterAll(() => {
  for (const fd of descriptors) closeSync(fd);
});

function needsIterators(context: TestContext, since = '5.9'): ScanObjects {
  requires(context, { capabilities: ['CAP_BPF', 'CAP_PERFMON'], since: [since, 'iterators of sockets'] });
  return required(objects);
}

const owner = { pids: [process.pid], cgroupIds: new Set<bigint>(), version: 1 as const };

/** Source: `include/linux/net.h`. */
const [AF_UNIX, SOCK_STREAM] = [1, 1];

it('finds the bytes that the other end of a unix socket has not read, and who sent them', (context) => {
  const { 'socket-iterators': object } = needsIterators(context);
  const ends = new Int32Array(2);
  expect(libc.socketpair(AF_UNIX, SOCK_STREAM, 0, ends)).toBe(0);
  const [sender = -1, receiver = -1] = ends;
  descriptors.push(receiver);
  writeSync(sender, Buffer.alloc(100_000));
  const find = () => {
    const { sockets } = readSockets(bpf, object, owner);
    return {
      sent: sockets.find(({ unsentBytes }) => unsentBytes >= 100_000),
      unread: sockets.find(({ unreadBytes }) => unreadBytes >= 100_000),
    };
  };
  const { sent, unread } = find();
  expect(sent).toMatchObject({ protocol: 'unix', charge: 'kernel', pids: [process.pid] });
  expect(sent?.bytes).toBe(sent?.unsentBytes);
  expect(unread?.unreadBytes).toBe(sent?.bytes);
  expect(sent?.pageBytes).toBeGreaterThan(50_000);
  expect(sent?.pageBytes).toBeLessThanOrEqual(required(sent).bytes);
  expect(sent?.name).toBe(`[${sent?.inode}] -> [${unread?.inode}]`);
  closeSync(sender);
  const left = find();
  expect(left.sent).toBeUndefined();
  expect(left.unread).toMatchObject({
    bytes: unread?.unreadBytes,
    note: 'unread bytes of a sender that is closed',
  });
}, 60_000);

it('lists both ends of a TCP connection with what waits in them', async (context) => {
  const { 'socket-iterators': object } = needsIterators(context);
  const server = createServer({ pauseOnConnect: true });
  const accepted = new Promise<Socket>((settle) => server.once('connection', settle));
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as { port: number };
  const client = createConnection(port, '127.0.0.1');
  const other = await accepted;
  try {
    client.write(Buffer.alloc(64 * 1024 * 1024));
    let sockets: SocketMemory[] = [];
    // The kernel moves bytes from one end to the other for a moment.
    for (let attempt = 0; attempt < 50; attempt += 1) {
      await new Promise((settle) => setTimeout(settle, 100));
      ({ sockets } = readSockets(bpf, object, owner));
      if (sockets.some(({ protocol, unsentBytes }) => protocol === 'tcp' && unsentBytes > 100_000)) break;
    }
    const sending = sockets.find(({ name }) => name.endsWith(`-> 127.0.0.1:${port}`));
    const receiving = sockets.find(({ name }) => name.startsWith(`127.0.0.1:${port} ->`));
    expect(sending).toMatchObject({
      protocol: 'tcp',
      state: 'established',
      pids: [process.pid],
      charge: 'none',
    });
    expect(sending?.bytes).toBeGreaterThanOrEqual(required(sending).unsentBytes);
    expect(receiving?.unreadBytes).toBeGreaterThan(50_000);
  } finally {
    client.destroy();
    other.destroy();
    server.close();
  }
}, 60_000);

it('lists the listings of the kernel, or why it has none', (context) => {
  const { 'socket-iterators': object } = needsIterators(context, '5.15');
  expect(readSockets(bpf, object, { ...owner, version: 2 }).missing).toEqual([]);
}, 60_000);

it('counts the pages of a pipe, also one that was read', (context) => {
  const { 'pipe-iterator': object } = needsIterators(context);
  const pageSize = readPageSize();
  const ends = createPipe(libc);
  descriptors.push(ends.read, ends.write);
  const before = readPipes(bpf, object, [process.pid]);
  writeSync(ends.write, Buffer.alloc(3 * pageSize + 1));
  const after = readPipes(bpf, object, [process.pid]);
  expect(after.missing).toEqual([]);
  expect(after.count).toBe(before.count);
  const known = new Set(before.pipes.map(({ inode }) => inode));
  const grown = after.pipes.filter(({ inode }) => !known.has(inode));
  expect(grown).toMatchObject([
    { pids: [process.pid], readers: 1, writers: 1, dataBytes: 3 * pageSize + 1, bytes: 4 * pageSize },
  ]);
}, 60_000);

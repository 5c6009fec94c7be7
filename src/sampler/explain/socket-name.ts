/** The names of sockets and of their states. */
import { AF_UNIX, type SocketRecord } from '../../kernel/bpf/iter/socket-iterators.ts';
import type { ByteString } from '../../target/byte-string.ts';

/** `other`: netlink, packet, vsock, ... */
export type SocketProtocol = 'tcp' | 'udp' | 'unix' | 'other';

/** Source: `include/uapi/linux/in.h`. */
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_UDPLITE = 136;

/** Source: `include/linux/socket.h`. */
const FAMILIES: Readonly<Record<number, string>> = {
  16: 'netlink',
  17: 'packet',
  29: 'can',
  31: 'bluetooth',
  38: 'alg',
  40: 'vsock',
  44: 'xdp',
};

export function protocolOf({ family, protocol, localAddress }: SocketRecord): SocketProtocol {
  if (family === AF_UNIX) return 'unix';
  if (localAddress === undefined) return 'other';
  if (protocol === IPPROTO_TCP) return 'tcp';
  return protocol === IPPROTO_UDP || protocol === IPPROTO_UDPLITE ? 'udp' : 'other';
}

/** The names of `TCP_*`. Source: `include/net/tcp_states.h`. */
const STATES = [
  'unknown',
  'established',
  'syn-sent',
  'syn-recv',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'close',
  'close-wait',
  'last-ack',
  'listen',
  'closing',
  'new-syn-recv',
];

/** As `ss` prints it, in lower case. Sockets without connections are `close` while they are open. */
export function stateOf({ state }: SocketRecord): string {
  return STATES[state] ?? `state ${state}`;
}

/** The addresses of a socket, as bytes. `peer`: the other end of a unix socket, if it is known. */
export function describeSocket(record: SocketRecord, peer: SocketRecord | undefined): ByteString {
  const { family, localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = record;
  if (family === AF_UNIX) return describeUnix(record, peer);
  if (localAddress === '') return FAMILIES[family] ?? `address family ${family}`;
  const local = withPort(localAddress, localPort);
  return remotePort === 0 ? local : `${local} -> ${withPort(remoteAddress, remotePort)}`;
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function describeUnix({ name, inode }: SocketRecord, peer: SocketRecord | undefined): ByteString {
  const own = shownName(name);
  const other = shownName(peer?.name);
  if (own !== undefined) return own;
  if (other !== undefined) return `-> ${other}`;
  // The numbers that lsof and ss print.
  if (inode === 0n) return 'not yet accepted, or on its way to a process';
  return peer === undefined || peer.inode === 0n ? `[${inode}]` : `[${inode}] -> [${peer.inode}]`;
}

function shownName(name: ByteString | undefined): ByteString | undefined {
  return name?.startsWith('\0') ? `@${name.slice(1)}` : name;
}

/** HTTP servers whose connections, requests and waiting times are bounded. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeErrno, errnoOf, ToolError } from '../../errors.ts';
import { type ListenAddress, urlHost } from './listen-address.ts';

/** More connections at the same time are closed at once. */
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** Neither received nor sent anything: a client that does not read its answer. */
const IDLE_MS = 30_000;
/** How often Node.js looks for requests that are late. */
const CHECK_MS = 1_000;

/** A server that is not listening yet. */
export function createBoundedServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    listener,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  return server;
}

/**
 * Listens; returns the address, with the port that the kernel chose for port 0.
 * @throws ToolError that names the option and the address: a port in use, an address of another host.
 */
export async function listen(
  server: Pick<Server, 'listen' | 'once' | 'off' | 'address'>,
  address: ListenAddress,
  option: string,
): Promise<ListenAddress> {
  const { host, port } = address;
  await new Promise<void>((settle, fail) => {
    const onError = (error: Error) => fail(cannotListen(address, option, error));
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      settle();
    });
  });
  return { host, port: (server.address() as AddressInfo).port };
}

const PRIVILEGED_PORT = 'ports below 1024 require root or CAP_NET_BIND_SERVICE';

/** What went wrong, and what to do. */
const FAULTS: Readonly<Record<string, readonly [fault: string, hint: string]>> = {
  EADDRINUSE: ['the port is in use', 'use another port, or 0 for any free one'],
  EACCES: ['permission denied', PRIVILEGED_PORT],
  EPERM: ['permission denied', PRIVILEGED_PORT],
  EADDRNOTAVAIL: ['not an address of this host', '"ip address" lists them'],
  ENOTFOUND: ['no such host', 'use an IP address'],
  EAI_AGAIN: ['the name cannot be resolved now', 'use an IP address'],
  EAFNOSUPPORT: ['this host has no addresses of this kind', 'use 0.0.0.0:PORT for all of IPv4'],
};

function cannotListen(address: ListenAddress, option: string, cause: NodeJS.ErrnoException): ToolError {
  // Failures to resolve a name have codes of their own.
  const [fault, hint] = FAULTS[cause.code ?? ''] ?? [describeErrno(errnoOf(cause)), undefined];
  return new ToolError('LISTEN', `${option} ${urlHost(address)}: ${fault}`, { hint, cause });
}

/** Ends all connections; those that are in use after `graceMs`. */
export async function closeServer(
  server: Pick<Server, 'close' | 'closeIdleConnections' | 'closeAllConnections'>,
  graceMs = 0,
): Promise<void> {
  const closed = new Promise<void>((settle) => server.close(() => settle()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

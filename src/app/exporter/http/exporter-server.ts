/**
 * The HTTP server of the exporter: GET and HEAD of a few paths, for untrusted clients. No client can make
 * another one wait, or keep memory in use, for longer than the limits here.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { errnoOf, ToolError } from '../../../errors.ts';
import { closeServer, listen as listenAt } from '../../http/bounded-server.ts';
import { type ListenAddress, urlHost } from '../../http/listen-address.ts';

/** Connections at a time; others are closed at once. */
const MAX_CONNECTIONS = 512;
/** Unit: bytes. */
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_HEADERS = 64;
/** Requests on one connection, after which it is closed. */
const MAX_REQUESTS_PER_SOCKET = 1000;
/** Time for the headers of a request, and for all of it. Unit: milliseconds. */
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Time for reading an answer. Unit: milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Time without a request, after which a connection is closed. Unit: milliseconds. */
const KEEP_ALIVE_MS = 65_000;
/** Answers that were not read yet, those of different clients with the same contents once. Unit: bytes. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** Time for pending answers after a shutdown was requested. Unit: milliseconds. */
const END_TIMEOUT_MS = 3_000;

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request. */
export interface Request {
  /** Without a query. */
  readonly path: string;
  readonly headers: Readonly<IncomingMessage['headers']>;
  /** Of the client. */
  readonly address: string;
}

/** Answers a request. */
export type Handler = (request: Request) => Answer | Promise<Answer>;

/** Where to listen, and which clients to serve. */
export interface ListenOptions extends Readonly<ListenAddress> {
  /** Creates another server than one of HTTP without TLS, which the second argument creates. */
  readonly create?: (limits: ServerOptions, createPlain: (limits: ServerOptions) => Server) => Server;
  /** `http` by default. */
  readonly scheme?: 'http' | 'https';
  /** The answer to an unauthorized client; undefined for all others. */
  readonly refuse?: (request: Request) => Answer | undefined | Promise<Answer | undefined>;
  /** Receives what `refuse` or the handler throws, other than a ToolError; the client gets status 500. */
  readonly reportBug: (error: unknown) => void;
}

/** An open server. */
export interface ExporterServer {
  /** Without a path: `http://127.0.0.1:9753`. */
  readonly url: string;
  /** Finishes the answers to requests that were received. */
  close(): Promise<void>;
}

/**
 * Listens.
 * @throws ToolError that names the address if it cannot be used.
 */
export async function listen(options: ListenOptions, handle: Handler): Promise<ExporterServer> {
  const answers = new PendingAnswers();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response, options, handle, answers);
  };
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: HEADERS_TIMEOUT_MS,
  };
  const server = options.create?.(limits, createServer) ?? createServer(limits);
  server.on('request', listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.maxHeadersCount = MAX_HEADERS;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseMalformed(error, socket));
  // No answer needs a body: 100 Continue, which invites the client to send one, is never sent.
  server.on('checkContinue', (request, response) => {
    response.shouldKeepAlive = false;
    listener(request, response);
  });
  server.on('upgrade', (_, socket) => socket.destroy());
  server.on('connect', (_, socket) => socket.destroy());
  const address = await listenAt(server, options, '--listen');
  // Accepting may fail for lack of descriptors: the client tries again.
  server.on('error', () => {});
  return {
    url: `${options.scheme ?? 'http'}://${urlHost(address)}`,
    close: () => closeServer(server, END_TIMEOUT_MS),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { refuse, reportBug }: ListenOptions,
  handle: Handler,
  pending: PendingAnswers,
): Promise<void> {
  const { method = '', url = '/' } = request;
  // What is sent as a body is not read: the connection ends with the answer.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    response.shouldKeepAlive = false;
  }
  const timer = setTimeout(() => request.socket.destroy(), ANSWER_TIMEOUT_MS);
  response.once('close', () => clearTimeout(timer));
  response.on('error', () => {});
  const wanted: Request = {
    path: url.replace(/[?#].*$/s, ''),
    headers: request.headers,
    address: request.socket.remoteAddress ?? '',
  };
  let found: Answer;
  try {
    if (method !== 'GET' && method !== 'HEAD') found = METHOD_NOT_ALLOWED;
    else found = (await refuse?.(wanted)) ?? (await handle(wanted));
  } catch (error) {
    // A bug in one answer must not end the service for all clients.
    if (!(error instanceof ToolError)) reportBug(error);
    found = textAnswer(500, 'the figures cannot be read\n');
  }
  if (response.destroyed) return;
  if (!pending.hasRoom(found.body)) found = BUSY;
  const isHead = method === 'HEAD';
  response.writeHead(found.status, {
    ...found.headers,
    'content-length': String(found.body.length),
    'x-content-type-options': 'nosniff',
  });
  if (isHead) {
    response.end();
    return;
  }
  pending.add(found.body);
  response.once('close', () => pending.remove(found.body));
  response.end(found.body);
}

const METHOD_NOT_ALLOWED = textAnswer(405, 'only GET and HEAD are allowed\n', { allow: 'GET, HEAD' });
const BUSY = textAnswer(503, 'too many answers wait to be read\n', { 'retry-after': '5' });

/** A short text. */
export function textAnswer(status: number, text: string, more: Answer['headers'] = {}): Answer {
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...more };
  return { status, headers, body: Buffer.from(text) };
}

/** The bodies of answers that clients have not read yet. */
class PendingAnswers {
  readonly #readers = new Map<Buffer, number>();
  #bytes = 0;

  hasRoom(body: Buffer): boolean {
    return this.#readers.has(body) || this.#bytes + body.length <= MAX_PENDING_BYTES;
  }

  add(body: Buffer): void {
    const readers = this.#readers.get(body) ?? 0;
    if (readers === 0) this.#bytes += body.length;
    this.#readers.set(body, readers + 1);
  }

  remove(body: Buffer): void {
    const readers = this.#readers.get(body) ?? 0;
    if (readers > 1) this.#readers.set(body, readers - 1);
    else if (this.#readers.delete(body)) this.#bytes -= body.length;
  }
}

function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (errnoOf(error) === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  // Also if the client does not read it.
  setTimeout(() => socket.destroy(), END_TIMEOUT_MS).unref();
}

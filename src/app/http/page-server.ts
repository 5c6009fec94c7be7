/** Serves one page that changes to the user of this host. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ToolError } from '../../errors.ts';

/** A page at one time. */
export interface ServedPage {
  /** Other content has another tag. Letters, digits and `-`. */
  tag: string;
  body: Buffer;
}

/** Makes the page; called for each request, one at a time. */
export type PageSource = () => Promise<ServedPage>;

const TOKEN_BYTES = 24;

/** A secret as a part of a URL, from the kernel's random number generator: 192 bits. */
export function makeToken(): string {
  const bytes = Buffer.alloc(TOKEN_BYTES);
  const descriptor = openSync('/dev/urandom', 'r');
  try {
    if (readSync(descriptor, bytes) !== bytes.length) throw new Error('/dev/urandom: a short read');
  } finally {
    closeSync(descriptor);
  }
  return bytes.toString('base64url');
}

/** For all answers: nothing is kept, framed, or used by other sites. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * Answers GET and HEAD of `/TOKEN/` and nothing else. A request whose Host is not an address of this host's
 * own is refused: the name of another site may resolve to 127.0.0.1 (DNS rebinding). So is one with the
 * Origin of another page.
 */
export function pageListener(source: PageSource, token: string): RequestListener {
  let last: Promise<unknown> = Promise.resolve();
  const next = () => {
    const page = last.then(source);
    last = page.catch(() => {});
    return page;
  };
  return (request, response) => {
    const refusal = refuse(request, token);
    if (refusal !== undefined) end(response, refusal.status, refusal.text, refusal.headers);
    else void answer(request, response, next).catch(() => response.destroy());
  };
}

interface Refusal {
  status: number;
  text: string;
  headers?: Record<string, string>;
}

function refuse({ method, url, headers, httpVersion }: IncomingMessage, token: string): Refusal | undefined {
  const { host, origin } = headers;
  if (!isOwnHost(host)) return { status: 403, text: 'the host of the request is not this server' };
  if (origin !== undefined && origin !== `http://${host}`) {
    return { status: 403, text: 'the request comes from another site' };
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'this server can only be read', headers: { Allow: 'GET, HEAD' } };
  }
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return { status: 413, text: 'a request with content' };
  }
  if (!isEqual(url ?? '', `/${token}/`)) return { status: 404, text: 'not found' };
  return httpVersion.startsWith('1.') ? undefined : { status: 505, text: 'HTTP/1.1 is required' };
}

/** Any port: a forwarded one differs from ours. */
function isOwnHost(host: string | undefined): boolean {
  return /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])(?::\d{1,5})?$/i.test(host ?? '');
}

/** In a time that does not depend on where the two differ. */
function isEqual(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at += 1) {
    difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  }
  return difference === 0;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  next: () => Promise<ServedPage>,
): Promise<void> {
  let page: ServedPage;
  try {
    page = await next();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    end(response, 503, error.message);
    return;
  }
  const tag = `"${page.tag}"`;
  const headers = { ...HEADERS, ETag: tag };
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': page.body.length,
  });
  response.end(page.body);
}

/** Ends the connection as well: a refused client may have sent more. */
function end(
  response: ServerResponse,
  status: number,
  text: string,
  more: Record<string, string> = {},
): void {
  const body = Buffer.from(`${text}\n`);
  response.writeHead(status, {
    ...HEADERS,
    ...more,
    Connection: 'close',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  });
  response.end(body);
}

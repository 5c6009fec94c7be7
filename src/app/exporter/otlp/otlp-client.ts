/** Sends requests of OTLP/HTTP. The only module that loads Node.js's HTTP clients for it. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { gzipSync } from 'node:zlib';
import { VERSION } from '../../../version.ts';
import type { SendResult } from './otlp-queue.ts';
import type { OtlpTarget } from './otlp-target.ts';

/** The time for a request with its response. Unit: milliseconds. */
const TIMEOUT_MS = 10_000;
/** More of a response is not read. Unit: bytes. */
const MAX_RESPONSE = 64 * 1024;
/** After these a request may be repeated. Source: "Retryable Response Codes" of the specification. */
const RETRYABLE = new Set([429, 502, 503, 504]);

/** Keeps one connection to the receiver. */
export class OtlpClient {
  readonly #target: OtlpTarget;
  readonly #open: (headers: Record<string, string | number>) => ClientRequest;
  readonly #agent: HttpAgent;

  private constructor(target: OtlpTarget, agent: HttpAgent, request: typeof httpRequest) {
    this.#target = target;
    this.#agent = agent;
    this.#open = (headers) => request(target.url, { method: 'POST', agent, headers });
  }

  /** Loads TLS only for https. */
  static async create(target: OtlpTarget): Promise<OtlpClient> {
    const options = { keepAlive: true, maxSockets: 1 };
    if (target.url.protocol === 'http:') return new OtlpClient(target, new HttpAgent(options), httpRequest);
    const { Agent, request } = await import('node:https');
    return new OtlpClient(target, new Agent(options), request);
  }

  /** Sends a document once; never rejects. */
  send(document: string): Promise<SendResult> {
    // As for scrapes, not in a thread of its own, whose memory would stay.
    const body = gzipSync(document);
    const headers = {
      ...this.#target.headers,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': body.length,
      'user-agent': `cmemstat/${VERSION}`,
    };
    return new Promise((resolve) => {
      const request = this.#open(headers);
      const timer = setTimeout(() => {
        request.destroy(new Error(`no response within ${TIMEOUT_MS / 1000} s`));
      }, TIMEOUT_MS);
      const end = (result: SendResult) => {
        clearTimeout(timer);
        resolve(result);
      };
      const fail = (error: Error) => end({ outcome: 'retry', reason: error.message });
      request.on('error', fail);
      request.on('response', (response) => {
        response.on('error', fail);
        readText(response, (text) => end(resultOf(response, text)));
      });
      request.end(body);
    });
  }

  /** Closes the connection. */
  close(): void {
    this.#agent.destroy();
  }
}

function readText(response: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    if (length < MAX_RESPONSE) chunks.push(chunk);
    length += chunk.length;
    // An endless response; its connection is not used again.
    if (length > MAX_RESPONSE) {
      response.destroy();
      done('');
    }
  });
  response.on('end', () => done(Buffer.concat(chunks).toString('utf8')));
}

function resultOf({ statusCode = 0, headers }: IncomingMessage, text: string): SendResult {
  if (statusCode >= 200 && statusCode < 300) return { outcome: 'sent', rejectedPoints: rejectedPoints(text) };
  const reason = `status ${statusCode}`;
  if (!RETRYABLE.has(statusCode)) return { outcome: 'failed', reason };
  const afterMs = parseRetryAfter(headers['retry-after'], Date.now());
  return { outcome: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** The points that a receiver refused of a request that it took otherwise. */
function rejectedPoints(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text) as {
      partialSuccess?: { rejectedDataPoints?: string | number };
    };
    const points = Number(partialSuccess?.rejectedDataPoints ?? 0);
    return Number.isSafeInteger(points) && points > 0 ? points : 0;
  } catch {
    return 0;
  }
}

/** Seconds, or a date. Source: RFC 9110. Unit: milliseconds. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { OtlpClient, parseRetryAfter } from '#src/app/exporter/otlp/otlp-client.ts';
import { startPush } from '#src/app/exporter/otlp/otlp-push.ts';
import { OtlpQueue, type SendResult } from '#src/app/exporter/otlp/otlp-queue.ts';
import { pairsOf, parseOtlpTarget } from '#src/app/exporter/otlp/otlp-target.ts';

const sent: SendResult = { outcome: 'sent', rejectedPoints: 0 };
const retry: SendResult = { outcome: 'retry', reason: 'status 503' };

/** A queue that answers from a list, and notes what it waits. */
function scripted(...results: SendResult[]) {
  const documents: string[] = [];
  const delays: number[] = [];
  const reports: string[] = [];
  const queue = new OtlpQueue({
    send: async (document) => {
      documents.push(document);
      return results.shift() ?? sent;
    },
    sleep: async (milliseconds) => {
      delays.push(milliseconds);
    },
    report: (reason) => reports.push(reason),
    random: () => 1,
  });
  return { queue, documents, delays, reports };
}

const turns = async () => {
  for (let at = 0; at < 50; at++) await Promise.resolve();
};

describe('the queue', () => {
  it('repeats a request with growing delays, then counts it as failed', async () => {
    const { queue, documents, delays, reports } = scripted(retry, retry, retry, retry, retry);
    queue.push('a');
    await turns();
    expect(documents).toEqual(['a', 'a', 'a', 'a', 'a']);
    expect(delays).toEqual([1000, 2000, 4000, 8000]);
    expect(queue.counts).toMatchObject({ sent: 0, failed: 1, retried: 4 });
    expect(reports).toEqual(['status 503']);
    queue.push('b');
    await turns();
    expect(queue.counts).toMatchObject({ sent: 1, failed: 1 });
  });

  it('waits as long as the receiver asks, but not for more than five minutes', async () => {
    const { queue, delays } = scripted(
      { ...retry, afterMs: 7000 },
      { ...retry, afterMs: 1e9 },
      { ...retry, afterMs: 0 },
    );
    queue.push('a');
    await turns();
    expect(delays).toEqual([7000, 300_000, 4000]);
  });

  it('does not repeat what the receiver will never take', async () => {
    const { queue, documents, reports } = scripted({ outcome: 'failed', reason: 'status 400' });
    queue.push('a');
    await turns();
    expect(documents).toEqual(['a']);
    expect(queue.counts).toMatchObject({ failed: 1, retried: 0 });
    expect(reports).toEqual(['status 400']);
  });

  it('keeps only the newest document while one is being sent', async () => {
    const { queue, documents } = scripted();
    for (const document of ['a', 'b', 'c', 'd']) queue.push(document);
    await turns();
    expect(documents).toEqual(['a', 'd']);
    expect(queue.counts).toMatchObject({ sent: 2, dropped: 2 });
  });

  it('reports points that were refused', async () => {
    const { queue, reports } = scripted({ outcome: 'sent', rejectedPoints: 3 });
    queue.push('a');
    await turns();
    expect(queue.counts).toMatchObject({ sent: 1, rejectedPoints: 3 });
    expect(reports).toEqual(['3 points were refused']);
  });

  it('ends without repeating anything', async () => {
    const { queue, documents, reports } = scripted(retry, retry);
    queue.push('a');
    queue.push('b');
    await queue.close();
    queue.push('c');
    await turns();
    expect(documents.length).toBeLessThan(3);
    expect(documents).not.toContain('c');
    expect(reports).toEqual([]);
  });
});

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Received {
  path: string | undefined;
  headers: IncomingMessage['headers'];
  text: string;
}

/** A receiver that answers with `respond`, and a client for it. */
async function receiver(respond: (response: ServerResponse) => void, headers: string[] = []) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = gunzipSync(Buffer.concat(chunks)).toString();
      received.push({ path: request.url, headers: request.headers, text });
      respond(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = await OtlpClient.create(parseOtlpTarget(`http://127.0.0.1:${port}`, headers, {}));
  closers.push(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client, received, server };
}

describe('the client', () => {
  it('posts compressed JSON to /v1/metrics with the headers', async () => {
    const { client, received } = await receiver((response) => response.end('{}'), ['X-Scope-OrgID: a']);
    expect(await client.send('{"a":1}')).toEqual(sent);
    expect(received).toMatchObject([
      {
        path: '/v1/metrics',
        text: '{"a":1}',
        headers: { 'content-type': 'application/json', 'x-scope-orgid': 'a' },
      },
    ]);
  });

  it.each([
    [200, {}, '{"partialSuccess":{"rejectedDataPoints":"2"}}', { outcome: 'sent', rejectedPoints: 2 }],
    [202, {}, 'not JSON', sent],
    [400, {}, '', { outcome: 'failed', reason: 'status 400' }],
    [301, { location: 'http://127.0.0.1:1/' }, '', { outcome: 'failed', reason: 'status 301' }],
    [503, {}, '', { outcome: 'retry', reason: 'status 503' }],
    [429, { 'retry-after': '3' }, '', { outcome: 'retry', reason: 'status 429', afterMs: 3000 }],
    [200, {}, 'x'.repeat(300_000), sent],
  ])('takes status %i %j as what it is', async (status, headers, text, result) => {
    const { client } = await receiver((response) => response.writeHead(status, headers).end(text));
    expect(await client.send('{}')).toEqual(result);
  });

  it('repeats where the receiver ends the connection, or is not there', async () => {
    const { client, server } = await receiver((response) => response.destroy());
    expect(await client.send('{}')).toMatchObject({ outcome: 'retry' });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await client.send('{}')).toMatchObject({
      outcome: 'retry',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    ['120', 120_000],
    ['Tue, 14 Nov 2023 22:13:30 GMT', 10_000],
    ['Tue, 14 Nov 2023 22:13:10 GMT', 0],
    ['soon', undefined],
    ['-1e9', undefined],
    [undefined, undefined],
  ])('reads Retry-After: %s', (text, milliseconds) => {
    const parsed = parseRetryAfter(text, 1_700_000_000_000);
    if (text === '-1e9') expect(parsed ?? 0).toBeGreaterThanOrEqual(0);
    else expect(parsed).toBe(milliseconds);
  });
});

describe('a push', () => {
  it('reports what a collection throws, and tries again at the interval', async () => {
    const bug = new TypeError('a bug');
    const target = parseOtlpTarget('http://127.0.0.1:1', [], {});
    const bugs: unknown[] = [];
    await new Promise<void>((resolve) => {
      const started = startPush({
        target,
        everyMs: 1,
        collect: async () => {
          throw bug;
        },
        report: () => {},
        reportBug: (error) => {
          bugs.push(error);
          if (bugs.length === 2) void started.then((push) => push.close()).then(resolve);
        },
      });
    });
    expect(bugs.slice(0, 2)).toEqual([bug, bug]);
  });
});

describe('the receiver in options', () => {
  it('has the path of metrics unless the URL has one', () => {
    const urlOf = (text: string) => parseOtlpTarget(text, [], {}).url.href;
    expect(urlOf('http://a:4318')).toBe('http://a:4318/v1/metrics');
    expect(urlOf('https://a/otlp/v1/metrics?x=1#y')).toBe('https://a/otlp/v1/metrics?x=1');
  });

  it('has headers of the environment, and those of options before them', () => {
    const environment = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20abc, x-a=1' };
    expect(parseOtlpTarget('http://a', ['X-A: 2', 'x-b=3'], environment).headers).toEqual({
      authorization: 'Basic abc',
      'x-a': '2',
      'x-b': '3',
    });
  });

  it.each([
    ['a:4318', []],
    ['file:///etc/passwd', []],
    ['', []],
    ['http://user:password@a', []],
    ['http://a', ['nothing']],
    ['http://a', ['a b: c']],
    ['http://a', ['a: b\r\nc: d']],
    ['http://a', ['Content-Length: 5']],
    ['http://a', ['host: b']],
  ])('%s with %j is refused', (url, headers) => {
    expect(() => parseOtlpTarget(url, headers, {})).toThrow(/^--otlp/);
  });

  it('never repeats a password', () => {
    expect(() => parseOtlpTarget('http://user:password1@a', [], {})).toThrow(/^(?!.*password1)/);
    expect(() => parseOtlpTarget('http://a', ['Bearer secret'], {})).toThrow(/^(?!.*secret)/);
  });

  it('leaves malformed pairs out', () => {
    expect(pairsOf('a=1,,b,c=%zz, d = e%3D ')).toEqual([
      ['a', '1'],
      ['d', 'e='],
    ]);
  });
});

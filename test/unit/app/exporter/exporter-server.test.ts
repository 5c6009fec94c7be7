import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { ExporterPages } from '#src/app/exporter/http/exporter-pages.ts';
import {
  type Answer,
  type ExporterServer,
  type Handler,
  type ListenOptions,
  listen,
  textAnswer,
} from '#src/app/exporter/http/exporter-server.ts';
import { KernelFileError } from '#src/errors.ts';
import { collectorOf, ExampleNode } from './example-node.ts';

const reportBug = (error: unknown) => {
  throw error;
};
const LOCAL = { host: '127.0.0.1', port: 0, reportBug };
const servers: ExporterServer[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(handler: Handler, options: Partial<ListenOptions> = {}): Promise<URL> {
  const server = await listen({ ...LOCAL, ...options }, handler);
  servers.push(server);
  return new URL(server.url);
}

interface Received {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

function ask(
  url: URL,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Received> {
  return new Promise((settle, fail) => {
    const options = { host: url.hostname, port: url.port, path, method, headers, agent: false };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () =>
        settle({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', fail);
    sent.end();
  });
}

/** Sends bytes as they are; the answer up to the end of the connection. */
async function sendRaw(url: URL, text: string): Promise<string> {
  const socket = connect(Number(url.port), url.hostname);
  sockets.push(socket);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const example = () => {
  const node = new ExampleNode();
  node.cgroups = Array.from({ length: 30 }, (_, at) => ({ path: `/lxc.payload.c${at}`, mib: at }));
  const collector = collectorOf(node);
  const pages = new ExporterPages({ collect: () => collector.collect(), now: () => node.nowMs });
  return { node, pages };
};

describe('the pages', () => {
  it('have both formats, with and without gzip, and the same for HEAD', async () => {
    const url = await serve(example().pages.answer);
    const text = await ask(url, '/metrics');
    expect(text.status).toBe(200);
    expect(text.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.body.toString()).toContain('cmemstat_memory_bytes{container="c3",kind="current"} 3145728\n');
    const accept = { accept: 'application/openmetrics-text; version=1.0.0', 'accept-encoding': 'gzip' };
    const open = await ask(url, '/metrics?x=1', accept);
    expect(open.headers['content-encoding']).toBe('gzip');
    expect(open.headers.vary).toBe('Accept, Accept-Encoding');
    expect(gunzipSync(open.body).toString()).toMatch(/# EOF\n$/);
    const head = await ask(url, '/metrics', accept, 'HEAD');
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-length']).toBe(open.headers['content-length']);
    expect(head.headers['content-type']).toBe(open.headers['content-type']);
  });

  it('are few', async () => {
    const url = await serve(example().pages.answer);
    expect((await ask(url, '/other')).status).toBe(404);
    expect((await ask(url, '/metrics/')).status).toBe(404);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await ask(url, '/metrics', {}, method);
      expect([method, status, headers.allow]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  it('load nothing from elsewhere, and contain no markup of names', async () => {
    const { node, pages } = example();
    node.failure = new KernelFileError('read', '/x', 'cannot read /x<script>alert(1)</script>', {});
    const url = await serve(pages.answer);
    await ask(url, '/metrics');
    const { headers, body } = await ask(url, '/');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(body.toString()).not.toContain('<script');
    expect(body.toString()).toContain('&#60;script&#62;');
    expect(body.toString().match(/(?:src|href)="[^"]*"/g)).toEqual(['href="/metrics"', 'href="/healthz"']);
  });

  it('report whether the last reading succeeded, without a new one', async () => {
    const { node, pages } = example();
    const url = await serve(pages.answer);
    expect((await ask(url, '/healthz')).body.toString()).toBe('ok\n');
    expect(node.reads).toBe(0);
    node.failure = new KernelFileError('read', '/x', 'cannot read /x', {});
    expect((await ask(url, '/metrics')).status).toBe(200);
    expect((await ask(url, '/healthz')).status).toBe(503);
    node.failure = undefined;
    node.nowMs += 1_000;
    await ask(url, '/metrics');
    expect((await ask(url, '/healthz')).status).toBe(200);
  });

  it('share a reading for a second, and one that is being made', async () => {
    const { node, pages } = example();
    const url = await serve(pages.answer);
    const all = await Promise.all(Array.from({ length: 200 }, () => ask(url, '/metrics')));
    expect(all.every(({ status }) => status === 200)).toBe(true);
    expect(node.reads).toBe(1);
    node.nowMs += 999;
    await ask(url, '/metrics');
    expect(node.reads).toBe(1);
    node.nowMs += 1;
    await ask(url, '/metrics');
    expect(node.reads).toBe(2);
  });
});

describe('the server', () => {
  const hello: Handler = () => textAnswer(200, 'hello\n');

  it('reports in one line why it cannot listen', async () => {
    const url = await serve(hello);
    const again = listen({ ...LOCAL, port: Number(url.port) }, hello);
    await expect(again).rejects.toThrow(`--listen ${url.host}: the port is in use`);
    await expect(listen({ ...LOCAL, host: '192.0.2.1' }, hello)).rejects.toThrow(
      '--listen 192.0.2.1:0: not an address of this host',
    );
    await expect(listen({ ...LOCAL, host: 'no.such.host.invalid' }, hello)).rejects.toThrow(
      /^--listen no\.such\.host\.invalid:0: (?:no such host|the name cannot be resolved now)$/,
    );
  });

  it('refuses what is not HTTP, and keeps running', async () => {
    const url = await serve(hello);
    expect(await sendRaw(url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await sendRaw(url, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^HTTP\/1\.1 400 /);
    const long = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(await sendRaw(url, long)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await sendRaw(url, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await sendRaw(url, 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    const smuggled = 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await sendRaw(url, smuggled)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(url, '/')).body.toString()).toBe('hello\n');
  });

  it('ends the connection of a request with a body after the answer', async () => {
    const url = await serve(hello);
    const head = `GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n${'x'.repeat(1000)}`;
    const answer = await sendRaw(url, head);
    expect(answer).toContain('Connection: close');
    expect(answer).toContain('hello');
  });

  it('answers others while slow clients neither send nor read', async () => {
    const large: Answer = { ...textAnswer(200, ''), body: Buffer.alloc(8 * 1024 * 1024, 'x') };
    const url = await serve(({ path }) => (path === '/large' ? large : textAnswer(200, 'hello\n')));
    for (let count = 0; count < 50; count += 1) {
      const socket = connect(Number(url.port), url.hostname);
      sockets.push(socket);
      socket.on('error', () => {});
      if (count % 2 === 0) socket.write('GET / HT');
      else {
        socket.pause();
        socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
      }
    }
    await sleep(100);
    for (let count = 0; count < 5; count += 1) {
      expect((await ask(url, '/')).body.toString()).toBe('hello\n');
    }
  });

  it('keeps a bounded number of answers for clients that do not read', async () => {
    const bodies = Array.from({ length: 8 }, () => Buffer.alloc(16 * 1024 * 1024, 'x'));
    let next = 0;
    const url = await serve(({ path }) => {
      if (path !== '/large') return textAnswer(200, 'hello\n');
      next += 1;
      return { ...textAnswer(200, ''), body: bodies[next % bodies.length] ?? Buffer.alloc(0) };
    });
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const socket = connect(Number(url.port), url.hostname);
        sockets.push(socket);
        socket.on('error', () => {});
        socket.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
        const [chunk] = (await once(socket, 'data')) as [Buffer];
        socket.pause();
        return chunk.toString('latin1', 0, 12);
      }),
    );
    expect(answers.filter((line) => line === 'HTTP/1.1 200')).toHaveLength(4);
    expect(answers.filter((line) => line === 'HTTP/1.1 503')).toHaveLength(2);
    for (const socket of sockets.splice(0)) socket.destroy();
    await sleep(200);
    expect((await ask(url, '/large')).status).toBe(200);
  });

  it('answers with status 500 after an error, reports it if it is a bug, and keeps running', async () => {
    const bugs: unknown[] = [];
    const bug = new TypeError('a bug');
    const handler: Handler = ({ path }) => {
      if (path === '/bug') throw bug;
      if (path === '/file') throw new KernelFileError('read', '/x', 'cannot read /x', {});
      return textAnswer(200, 'hello\n');
    };
    const url = await serve(handler, { reportBug: (error) => bugs.push(error) });
    expect((await ask(url, '/bug')).status).toBe(500);
    expect((await ask(url, '/file')).status).toBe(500);
    expect(bugs).toEqual([bug]);
    expect((await ask(url, '/')).status).toBe(200);
  });

  it('refuses unauthorized clients', async () => {
    const refuse: ListenOptions['refuse'] = ({ headers }) =>
      headers.authorization === 'Basic eDp5' ? undefined : textAnswer(401, 'no\n');
    const url = await serve(hello, { refuse });
    expect((await ask(url, '/')).status).toBe(401);
    expect((await ask(url, '/', { authorization: 'Basic eDp5' })).status).toBe(200);
  });

  it('finishes pending answers when it ends, and does not wait for idle clients', async () => {
    const server = await listen(LOCAL, async () => {
      await sleep(200);
      return textAnswer(200, 'late\n');
    });
    const url = new URL(server.url);
    const idle = connect(Number(url.port), url.hostname);
    sockets.push(idle);
    await once(idle, 'connect');
    const answer = ask(url, '/');
    await sleep(50);
    const before = performance.now();
    await server.close();
    expect((await answer).body.toString()).toBe('late\n');
    expect(performance.now() - before).toBeLessThan(20_000);
    await expect(ask(url, '/')).rejects.toThrow();
  });
});

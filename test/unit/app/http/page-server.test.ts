import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, createBoundedServer, listen } from '#src/app/http/bounded-server.ts';
import { isLoopback, parseListenAddress } from '#src/app/http/listen-address.ts';
import { makeToken, pageListener } from '#src/app/http/page-server.ts';
import { InputError } from '#src/errors.ts';

const TOKEN = 'secret-token';
let calls = 0;
let running = 0;
let fault: Error | undefined;
const server = createBoundedServer(
  pageListener(async () => {
    running += 1;
    calls += 1;
    expect(running).toBe(1);
    await new Promise((settle) => setTimeout(settle, 5));
    running -= 1;
    if (fault !== undefined) throw fault;
    return { tag: '7-1', body: Buffer.from('<p>page</p>') };
  }, TOKEN),
);
let port = 0;
beforeAll(async () => {
  ({ port } = await listen(server, { host: '127.0.0.1', port: 0 }, '--serve'));
});
afterAll(() => closeServer(server));

interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  return new Promise((settle, fail) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => settle({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

/** Sends bytes; returns what is answered until the connection ends. */
function send(text: string): Promise<string> {
  return new Promise((settle, fail) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (piece) => {
      answer += piece.toString();
    });
    socket.on('error', fail);
    socket.on('close', () => settle(answer));
  });
}

describe('a server of a page', () => {
  it('answers GET and HEAD of its path, and forbids to keep, frame and refer to it', async () => {
    const { status, text, headers } = await ask(`/${TOKEN}/`);
    expect([status, text]).toEqual([200, '<p>page</p>']);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-type': 'text/html; charset=utf-8',
      etag: '"7-1"',
    });
    const head = await ask(`/${TOKEN}/`, {}, 'HEAD');
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '11']);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('says that nothing has changed', async () => {
    expect((await ask(`/${TOKEN}/`, { 'If-None-Match': '"7-1"' })).status).toBe(304);
    expect((await ask(`/${TOKEN}/`, { 'If-None-Match': '"6-1"' })).status).toBe(200);
  });

  it.each([
    '/',
    '',
    '/favicon.ico',
    `/${TOKEN}`,
    `/${TOKEN}/x`,
    `/${TOKEN}x/`,
    `/secret-tokeN/`,
    `//${TOKEN}/`,
  ])('does not answer %j without reading the source', async (path) => {
    const before = calls;
    const { status, text } = await ask(path === '' ? '*' : path);
    expect(status).toBe(404);
    expect(text).not.toContain('page');
    expect(calls).toBe(before);
  });

  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
    '10.0.0.1',
    '127.0.0.1@evil.example',
    'x127.0.0.1',
    '[::2]',
  ])('refuses the host %j', async (Host) => {
    expect((await ask(`/${TOKEN}/`, { Host })).status).toBe(403);
  });

  it.each(['127.0.0.1', '127.0.0.1:9', 'localhost:8080', 'LOCALHOST', '[::1]:80', '127.1.2.3'])(
    'accepts the host %j',
    async (Host) => {
      expect((await ask(`/${TOKEN}/`, { Host })).status).toBe(200);
    },
  );

  it('refuses the pages of other sites, also those without a name', async () => {
    const Host = `127.0.0.1:${port}`;
    for (const Origin of ['http://evil.example', 'null', `https://${Host}`, 'http://127.0.0.1:1', '']) {
      expect([Origin, (await ask(`/${TOKEN}/`, { Host, Origin })).status]).toEqual([Origin, 403]);
    }
    expect((await ask(`/${TOKEN}/`, { Host, Origin: `http://${Host}` })).status).toBe(200);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('refuses %s', async (method) => {
    const { status, headers } = await ask(`/${TOKEN}/`, {}, method);
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('refuses a request with content', async () => {
    expect((await ask(`/${TOKEN}/`, { 'Content-Length': '3' }, 'GET', 'abc')).status).toBe(413);
  });

  it('ends the connection of what is not HTTP, and of a header without end', async () => {
    expect(await send('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await send(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
    expect(await send(`GET /${TOKEN}/ HTTP/1.1\r\nHost:\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /);
    expect(await send(`GET /${TOKEN}/ HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1.1 403 /);
  });

  it('makes one page at a time, and reports what cannot be read', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(`/${TOKEN}/`)));
    expect(answers.map(({ status }) => status)).toEqual(new Array(20).fill(200));
    fault = new InputError('x', 'x: no such file');
    const { status, text, headers } = await ask(`/${TOKEN}/`);
    expect([status, text, headers['content-type']]).toEqual([
      503,
      'x: no such file\n',
      'text/plain; charset=utf-8',
    ]);
    fault = undefined;
    expect((await ask(`/${TOKEN}/`)).status).toBe(200);
  });

  it('bounds connections and waiting times', () => {
    expect(server.maxConnections).toBeGreaterThan(0);
    expect(server.maxConnections).toBeLessThanOrEqual(100);
    expect(server.headersTimeout).toBeLessThanOrEqual(10_000);
    expect(server.requestTimeout).toBeLessThanOrEqual(30_000);
    expect(server.timeout).toBeGreaterThan(0);
  });

  it('says that the port is in use', async () => {
    const other = createBoundedServer(() => {});
    await expect(listen(other, { host: '127.0.0.1', port }, '--serve')).rejects.toThrow(
      `--serve 127.0.0.1:${port}: the port is in use`,
    );
  });
});

describe('tokens', () => {
  it('differ, and fit into a URL', () => {
    const tokens = Array.from({ length: 100 }, makeToken);
    expect(new Set(tokens).size).toBe(100);
    for (const token of tokens) expect(token).toMatch(/^[\w-]{32}$/);
  });
});

describe('parseListenAddress', () => {
  it.each([
    ['8080', { host: '127.0.0.1', port: 8080 }],
    [':0', { host: '::', port: 0 }],
    ['agent.example:80', { host: 'agent.example', port: 80 }],
    ['localhost:80', { host: '127.0.0.1', port: 80 }],
    ['127.0.0.2:65535', { host: '127.0.0.2', port: 65535 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
  ])('reads %j', (text, address) => {
    expect(parseListenAddress(text, '--serve')).toEqual(address);
  });

  it.each([
    '',
    'x',
    '65536',
    '127.0.0.1',
    '::1:80',
    'a host:80',
    '127.0.0.1:',
    '[::1]',
    '-1',
    '1.2.3:4',
    ' 80',
  ])('refuses %j', (text) => {
    expect(() => parseListenAddress(text, '--serve')).toThrow(`--serve ${text}: expected HOST:PORT`);
  });

  it('knows which addresses only this host reaches', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost', '127.x'].some(isLoopback)).toBe(false);
  });
});

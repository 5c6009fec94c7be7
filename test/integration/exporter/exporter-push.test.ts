/** The built exporter with TLS, users, few privileges and a receiver of OTLP. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, get as plainGet, type RequestOptions } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import bcrypt from 'bcryptjs';
import { expect } from 'vitest';
import { fixture, PROJECT } from '../../paths.ts';
import { required } from '../../required.ts';
import { BINARY, needs, needsProgram, type Running, scratch, start, testWith } from '../harness.ts';

/** Starts the exporter on any port, and ends it after the test. */
async function withExporter(
  args: readonly string[],
  test: (url: URL, running: Running, stderr: () => string) => Promise<void>,
  { command = [process.execPath, BINARY], env = {} }: { command?: string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<{ status: number | null; stderr: string }> {
  const [program = '', ...rest] = command;
  const running = start(program, [...rest, 'exporter', '--listen', '127.0.0.1:0', ...args], { env });
  let stderr = '';
  running.child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  try {
    await running.until(/listening on \S+\n/);
    const url = new URL(required(/listening on (\S+)/.exec(stderr)?.[1]));
    await test(url, running, () => stderr);
  } finally {
    running.child.kill('SIGTERM');
  }
  return running.ended;
}

function fetchText(
  url: URL,
  options: RequestOptions = {},
): Promise<{ status: number | undefined; text: string }> {
  const ca = readFileSync(fixture('tls/ca.pem'));
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? get(url, { ca, agent: false, ...options }, answer)
        : plainGet(url, { agent: false, ...options }, answer);
    request.on('error', reject);
    function answer(response: import('node:http').IncomingMessage): void {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    }
  });
}

const capabilitiesOf = (pid: number | undefined) =>
  Object.fromEntries(
    [...readFileSync(`/proc/${pid}/status`, 'utf8').matchAll(/^(CapEff|NoNewPrivs):\s*(\S+)$/gm)].map(
      ([, name, value]) => [name, value],
    ),
  );

testWith([needs.root], 'serves with TLS and a user, and reports what is wrong with a file', async () => {
  const folder = mkdtempSync(join(scratch, 'web-'));
  for (const name of ['server', 'server-key'])
    copyFileSync(fixture(`tls/${name}.pem`), join(folder, `${name}.pem`));
  const file = join(folder, 'web.yml');
  const users = `basic_auth_users:\n  prometheus: ${bcrypt.hashSync('right', 6)}\n`;
  writeFileSync(file, `tls_server_config: {cert_file: server.pem, key_file: server-key.pem}\n${users}`);
  const { status } = await withExporter(['--web-config', file], async (url, { child }) => {
    expect(url.protocol).toBe('https:');
    expect((await fetchText(url)).status).toBe(401);
    expect((await fetchText(url, { auth: 'prometheus:wrong' })).status).toBe(401);
    expect((await fetchText(url, { auth: 'nobody:right' })).status).toBe(401);
    const answer = await fetchText(url, { auth: 'prometheus:right' });
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('cmemstat_build_info') });
    expect(answer.text).toContain('cmemstat_exporter_errors_total{source="web_config"} 0');
    expect((await fetchText(new URL('/healthz', url))).status).toBe(200);
    // DAC_READ_SEARCH, SYS_PTRACE, PERFMON and BPF of all that root has.
    const mask = BigInt(`0x${capabilitiesOf(child.pid).CapEff}`);
    expect(mask & ~((1n << 2n) | (1n << 19n) | (1n << 38n) | (1n << 39n))).toBe(0n);
    expect(mask & (1n << 39n)).not.toBe(0n);
    expect(capabilitiesOf(child.pid).NoNewPrivs).toBe('1');
  });
  expect(status).toBe(0);
  writeFileSync(file, 'tls_server_conf: {}\n');
  const refused = await start(process.execPath, [BINARY, 'exporter', '--web-config', file]).ended;
  expect(refused).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('tls_server_conf: unknown key'),
  });
});

testWith([], 'loads no cryptography without these options', async () => {
  const file = join(scratch, 'exporter-modules.json');
  const hook = join(PROJECT, 'build/loaded-modules.cjs');
  const { status } = await withExporter([], async (url) => void (await fetchText(url)), {
    command: [process.execPath, '--require', hook, BINARY],
    env: { LOADED_MODULES: file },
  });
  expect(status).toBe(0);
  const { modules } = JSON.parse(readFileSync(file, 'utf8')) as { modules: string[] };
  expect(modules).toContain('NativeModule http');
  expect(
    modules.filter((name) =>
      /\b(?:internal\/crypto|crypto|tls|_tls\w*|https|http2|worker_threads)\b/.test(name),
    ),
  ).toEqual([]);
});

const setpriv = (capabilities: string) => [
  'setpriv',
  ...['--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'],
  ...[`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`, `--bounding-set=${capabilities}`],
  ...['env', 'HOME=/nonexistent', process.execPath, BINARY],
];

const withoutCache = { env: { XDG_CACHE_HOME: '' } };

testWith(
  [needs.root, needs.attribution, needsProgram('setpriv')],
  'works as another user with the two capabilities of the manifest',
  async () => {
    const { status } = await withExporter(
      [],
      async (url) => {
        const { text } = await fetchText(url);
        expect(text).toMatch(/^cmemstat_host_bpf_bytes\{.*scope="charged".*\} \d+$/m);
        expect(text).toMatch(/^cmemstat_host_memory_bytes\{kind="total"\} \d+$/m);
        expect(text).not.toContain('cmemstat_exporter_absent{figure="bpf"}');
      },
      { command: setpriv('-all,+bpf,+perfmon'), ...withoutCache },
    );
    expect(status).toBe(0);
  },
);

testWith(
  [needs.root, needsProgram('setpriv')],
  'works without any capability, and reports what is missing',
  async () => {
    await withExporter(
      [],
      async (url) => {
        const { text } = await fetchText(url);
        expect(text).toMatch(/^cmemstat_host_memory_bytes\{kind="total"\} \d+$/m);
        expect(text).toContain('cmemstat_exporter_absent{figure="bpf"} 1');
        expect(text).not.toContain('cmemstat_host_bpf_bytes');
        expect(text).toMatch(/^# no bpf: .*CAP_BPF/m);
      },
      { command: setpriv('-all'), ...withoutCache },
    );
  },
);

testWith([needs.root], 'pushes to a receiver, which may refuse for a while', async () => {
  const requests: { path: string | undefined; text: string; token: unknown }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = gunzipSync(Buffer.concat(chunks)).toString();
      requests.push({ path: request.url, text, token: request.headers.authorization });
      response.writeHead(requests.length === 1 ? 503 : 200, { 'retry-after': '0' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { status } = await withExporter(
      ['--otlp', `http://127.0.0.1:${port}`, '--otlp-interval', '1s'],
      async (url) => {
        const deadline = Date.now() + 20_000;
        let text = '';
        while (!/cmemstat_exporter_pushes_total\{result="sent"\} [1-9]/.test(text) && Date.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 500));
          ({ text } = await fetchText(url));
        }
        expect(text).toMatch(/cmemstat_exporter_pushes_total\{result="sent"\} [1-9]/);
        expect(text).toContain('cmemstat_exporter_pushes_total{result="failed"} 0');
      },
      {
        env: {
          OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a',
          OTEL_RESOURCE_ATTRIBUTES: 'host.name=node-7',
        },
      },
    );
    expect(status).toBe(0);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  expect(requests.length).toBeGreaterThan(1);
  // The second request repeats the first.
  expect(requests[1]?.text).toBe(requests[0]?.text);
  expect(requests[0]).toMatchObject({ path: '/v1/metrics', token: 'Bearer a' });
  expect(requests[0]?.text).toContain('{"key":"host.name","value":{"stringValue":"node-7"}}');
  expect(requests[0]?.text).toContain('"name":"cmemstat.host_memory"');
});

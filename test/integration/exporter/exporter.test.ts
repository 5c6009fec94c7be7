/** `cmemstat exporter` as Prometheus scrapes it, and as hostile clients treat it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { isCi } from '../../ci.ts';
import {
  BINARY,
  builtTarget,
  cmemstat,
  host,
  needs,
  needsProgram,
  type Running,
  scratch,
  start,
  testWith,
} from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';

const AGENT = `cmemstat-test-agent-${process.pid}`;
const CGROUP = join(host.top ?? '/nonexistent', `lxc.payload.${AGENT}`);

/** The interpreter of Debian, which finds Debian's packages. */
const PYTHON = '/usr/bin/python3';
const needsParser = {
  what: 'the package python3-prometheus-client',
  has: existsSync('/usr/lib/python3/dist-packages/prometheus_client'),
  expected: isCi(),
};

let built = '';
const running: Running[] = [];

beforeAll(async () => {
  built = await builtTarget('map-holder');
});

afterEach(async () => {
  for (const { child, ended } of running.splice(0).reverse()) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  }
});

afterAll(() => removeWhenEmpty(CGROUP));

function launch(command: string, args: readonly string[]): Running {
  const started = start(command, args);
  running.push(started);
  return started;
}

/** Starts an exporter; the port is any free one by default. */
async function startExporter(
  address = '127.0.0.1:0',
  ...options: string[]
): Promise<{ run: Running; url: URL }> {
  const run = launch(process.execPath, [BINARY, 'exporter', '--listen', address, ...options]);
  let text = '';
  run.child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  await run.until(/listening on \S+\/metrics\n/);
  return { run, url: new URL(/http:\S+/.exec(text)?.[0] ?? '') };
}

/** An agent with BPF maps, in a container as those of LXC are called. */
async function startAgent(): Promise<Running> {
  mkdirSync(CGROUP, { recursive: true });
  const script = 'echo $$ > "$1/cgroup.procs"; exec "$2" "$3" agent';
  const agent = launch('sh', ['-c', script, 'sh', CGROUP, process.execPath, built]);
  await agent.until(/ready/);
  return agent;
}

async function kill({ child, ended }: Running): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

const OPEN_METRICS = { accept: 'application/openmetrics-text; version=1.0.0' };
const scrape = async (url: URL, headers: Record<string, string> = {}) =>
  (await fetch(url, { headers })).text();

describe('the documents', () => {
  testWith([needs.cgroup, needsProgram('promtool')], 'have no fault that promtool finds', async () => {
    const { url } = await startExporter();
    await startAgent();
    const checked = start('promtool', ['check', 'metrics'], { input: await scrape(url) });
    const { status, stdout, stderr } = await checked.ended;
    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });

  testWith([needs.cgroup, needsParser], 'are what the reference parser reads as OpenMetrics', async () => {
    await startAgent();
    const { url } = await startExporter();
    const parser = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        print(family.name, family.type, family.unit, sample.name)
`;
    const open = await scrape(url, OPEN_METRICS);
    const { status, stdout, stderr } = await start(PYTHON, ['-c', parser], { input: open }).ended;
    expect([stderr, status]).toEqual(['', 0]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(
      open.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
    );
    expect(stdout).toContain('cmemstat_exporter_errors counter  cmemstat_exporter_errors_total\n');
    expect(stdout).toContain('cmemstat_memory_bytes gauge bytes cmemstat_memory_bytes\n');
  });
});

/** Prometheus with one target, and its data in a folder that outlives it. */
class Prometheus {
  readonly #port: number;
  readonly #directory: string;
  #run: Running | undefined;

  constructor(port: number, target: URL) {
    this.#port = port;
    this.#directory = join(scratch, `prometheus-${port}`);
    mkdirSync(this.#directory);
    const job = { job_name: 'cmemstat', static_configs: [{ targets: [target.host] }] };
    const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] };
    writeFileSync(join(this.#directory, 'prometheus.yml'), JSON.stringify(config));
  }

  async start(): Promise<void> {
    this.#run = launch('prometheus', [
      `--config.file=${join(this.#directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.#directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${this.#port}`,
      '--log.level=error',
    ]);
    await eventually(async () => {
      const { status } = await fetch(`http://127.0.0.1:${this.#port}/-/ready`);
      expect(status).toBe(200);
    });
  }

  async kill(): Promise<void> {
    if (this.#run !== undefined) await kill(this.#run);
  }

  /** The current values of a query, by their labels without those of the target. */
  async query(text: string): Promise<[labels: string, value: number][]> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(text)}`;
    const { data } = (await (await fetch(url)).json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value }) => {
      const { instance: _, job: __, __name__: ___, ...labels } = metric;
      return [JSON.stringify(labels), Number(value[1])];
    });
  }
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const until = Date.now() + 25_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(200);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  await new Promise((settle) => server.close(settle));
  return port;
}

interface Group {
  key?: string;
  bytes: number;
  unchargedBytes: number;
  elements?: number;
}

const isOurs = ({ key = '' }: Group) => key.startsWith('held_');

/** The maps of the agent, as `cmemstat maps` groups them. */
async function groupedMaps(): Promise<Group[]> {
  const { stdout, stderr, status } = await cmemstat('maps', '--group-by', 'name', '--json');
  expect([stderr, status]).toEqual(['', 0]);
  return (JSON.parse(stdout) as { groups: Group[] }).groups.filter(isOurs);
}

testWith(
  [needs.cgroup, needs.root, needs.attribution, needsProgram('prometheus')],
  'Prometheus answers what cmemstat maps prints, and continues when one of the three is killed',
  async () => {
    let agent = await startAgent();
    const first = await startExporter();
    const prometheus = new Prometheus(await freePort(), first.url);
    await prometheus.start();
    const ofAgent = `cmemstat_bpf_bytes{container="${AGENT}",scope="charged"}`;
    const holds = (query: string, values: number[]) =>
      eventually(async () =>
        expect((await prometheus.query(query)).map(([, value]) => value)).toEqual(values),
      );

    const expected = await groupedMaps();
    expect(expected.map(({ key }) => key).toSorted()).toEqual(
      ['held_by_progs', 'held_config', 'held_flows', 'held_policy'].toSorted(),
    );
    await holds('up', [1]);
    for (const { key, bytes, elements } of expected) {
      expect(await prometheus.query(`cmemstat_bpf_map_bytes{name="${key}"}`)).toEqual([
        [`{"name":"${key}"}`, bytes],
      ]);
      expect(
        (await prometheus.query(`cmemstat_bpf_map_elements{name="${key}"}`)).map(([, value]) => value),
      ).toEqual(elements === undefined ? [] : [elements]);
    }
    const [charged] = await prometheus.query(ofAgent);
    expect(charged?.[0]).toBe(`{"container":"${AGENT}","objects":"maps","scope":"charged"}`);
    expect(charged?.[1]).toBe(
      expected.reduce((sum, { bytes, unchargedBytes }) => sum + bytes - unchargedBytes, 0),
    );

    // The agent ends, and starts again as another process in another cgroup.
    await kill(agent);
    await removeWhenEmpty(CGROUP);
    await holds(ofAgent, []);
    agent = await startAgent();
    await holds(ofAgent, [charged?.[1] ?? 0]);
    await holds(`count(count_over_time(cmemstat_bpf_bytes{container="${AGENT}"}[10m]))`, [4]);

    // The exporter, on the same port.
    await kill(first.run);
    await holds('up', [0]);
    await startExporter(first.url.host);
    await holds('up', [1]);
    await holds(ofAgent, [charged?.[1] ?? 0]);

    // Prometheus, which has kept what it had.
    await prometheus.kill();
    await prometheus.start();
    await holds('up', [1]);
    await holds(`count(count_over_time(${ofAgent}[10m]))`, [1]);
    await holds('min_over_time(up[10m])', [0]);
    await kill(agent);
  },
  120_000,
);

const descriptorsOf = ({ child }: Running) => readdirSync(`/proc/${child.pid}/fd`).length;
const residentOf = ({ child }: Running) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024;

describe('clients', () => {
  testWith([needs.cgroup], '200 at once get one reading, and leave nothing behind', async () => {
    const { run, url } = await startExporter();
    await scrape(url);
    await sleep(1_100);
    const [before, resident] = [descriptorsOf(run), residentOf(run)];
    const headers = { ...OPEN_METRICS, connection: 'close' };
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 200 }, () => scrape(url, headers)));
      expect(answers.every((text) => text.endsWith('# EOF\n'))).toBe(true);
      // A scrape that arrives later than a second gets another one: there are few.
      expect(new Set(answers).size).toBeLessThan(10);
    }
    await eventually(async () => expect(descriptorsOf(run)).toBeLessThanOrEqual(before + 2));
    expect(residentOf(run) - resident).toBeLessThan(32 * 1024 * 1024);
  });

  testWith([needs.cgroup], 'that are slow or malformed delay neither other clients nor the end', async () => {
    const { run, url } = await startExporter();
    const sockets: Socket[] = [];
    const open = (text: string | undefined) => {
      const socket = connect(Number(url.port), url.hostname);
      socket.on('error', () => {});
      socket.pause();
      if (text !== undefined) socket.write(text);
      sockets.push(socket);
    };
    for (let count = 0; count < 60; count += 1) {
      open(undefined);
      open('GET /metr');
      open('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
      open('\0\x16\x03nonsense\r\n\r\n');
      open(`POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`);
    }
    for (let count = 0; count < 5; count += 1) {
      expect(await scrape(url, OPEN_METRICS)).toMatch(/# EOF\n$/);
      expect(await scrape(new URL('/healthz', url))).toBe('ok\n');
    }
    run.child.kill('SIGTERM');
    expect(await run.ended).toMatchObject({ status: 0, signal: null });
    for (const socket of sockets) socket.destroy();
  });
});

testWith([needs.cgroup], 'what is wrong is reported in one line, with status 125', async () => {
  const { url } = await startExporter();
  const file = join(scratch, 'exporter.json');
  writeFileSync(file, '{"version": 1, "listn": ":80"}');
  const outcomes = await Promise.all([
    cmemstat('exporter', '--listen', url.host),
    cmemstat('exporter', '--listen', '192.0.2.1:9753'),
    cmemstat('exporter', '--config', file),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([125, 125, 125]);
  expect(outcomes.map(({ stderr }) => stderr.trimEnd())).toEqual([
    `cmemstat: --listen ${url.host}: the port is in use (hint: use another port, or 0 for any free one)`,
    'cmemstat: --listen 192.0.2.1:9753: not an address of this host (hint: "ip address" lists them)',
    expect.stringMatching(/^cmemstat: .*exporter\.json: .*listn.*$/),
  ]);
});

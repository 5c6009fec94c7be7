/** Budgets on third-party servers: they pass with room and fail without. */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isCi } from '../../ci.ts';
import { MIB, type Need, needs, needsProgram, scratch, testWith } from '../harness.ts';
import { type GatedRun, gate, needsRealMachine, newFile } from './gated.ts';

const QUICK = ['--interval', '100ms'];

/** Runs a server under budgets with room and without, all in one run. */
async function gateServer(
  script: string,
  loose: string[],
  tight: string[],
  ...options: string[]
): Promise<GatedRun> {
  const budgets = [...loose, ...tight].flatMap((expression) => ['--budget', expression]);
  const gated = await gate(...QUICK, ...budgets, ...options, '--', 'sh', '-e', '-c', script);
  const { outcome, verdict } = gated;
  expect(verdict.target, outcome.stderr).toMatchObject({ status: 0 });
  expect(outcome.status).toBe(3);
  const of = (status: string) =>
    verdict.budgets.filter((each) => each.status === status).map(({ expression }) => expression);
  expect(of('passed')).toEqual(loose);
  expect(of('failed')).toEqual(tight);
  return gated;
}

const LOOSE = ['anon<=512MiB', 'kernel<=128MiB', 'oom_kill==0'];
const TIGHT = ['anon<=12MiB', 'kernel<=32KiB'];

testWith(
  [needsRealMachine, needs.cgroup, needsProgram('redis-server'), needsProgram('redis-cli')],
  'redis-server with 100,000 keys',
  async () => {
    const socket = join(scratch, 'redis.sock');
    const cli = `redis-cli -s ${socket}`;
    const { verdict } = await gateServer(
      `redis-server --port 0 --unixsocket ${socket} --save '' --appendonly no --enable-debug-command yes &
      until ${cli} ping; do sleep 0.1; done
      ${cli} debug populate 100000 key 200
      sleep 0.5; ${cli} shutdown nosave; wait`,
      LOOSE,
      TIGHT,
    );
    const exceeded = verdict.budgets.find(({ expression }) => expression === 'anon<=12MiB')?.exceeded;
    expect(exceeded?.processes[0]?.name).toBe('redis-server');
  },
);

/** Debian has the programs of PostgreSQL in a folder per version. */
function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root)
      .map((version) => join(root, version, 'bin'))
      .find((folder) => readdirSync(folder).includes('initdb'));
  } catch {
    return undefined;
  }
}

const postgres = postgresFolder();
const needsPostgres: Need = {
  what: 'postgres',
  has: postgres !== undefined,
  expected: isCi(),
};

testWith(
  [needsRealMachine, needs.cgroup, needs.root, needsPostgres],
  'postgres with a table of 100,000 rows, as an ordinary user',
  async () => {
    // The user needs access to it.
    chmodSync(scratch, 0o755);
    const folder = newFile('postgres');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const { verdict, outcome } = await gateServer(
      `PATH=${postgres}:$PATH; cd ${folder}
      initdb -D data -A trust --no-sync >/dev/null
      pg_ctl -D data -w -l log -o "-c listen_addresses='' -k ${folder} -c shared_buffers=64MB" start >/dev/null
      psql -qh ${folder} -c 'create table t as select n, repeat(md5(n::text), 4) from generate_series(1, 100000) n' postgres
      psql -qth ${folder} -c 'select count(*) from t' postgres
      sleep 0.5; pg_ctl -D data -w -m fast stop >/dev/null`,
      LOOSE,
      // Its own memory is small: most is in shared buffers.
      ['shmem<=1MiB', 'anon<=1MiB', 'kernel<=32KiB'],
      ...['--user', '65534:65534', '--env', `HOME=${folder}`],
    );
    expect(outcome.stdout.trim()).toBe('100000');
    expect(verdict.budgets.find(({ metric }) => metric === 'shmem')?.value).toBeGreaterThan(8 * MIB);
  },
);

testWith(
  [needsRealMachine, needs.cgroup],
  'a server of Node.js under requests, with what it keeps of them',
  async () => {
    const script = `
    const { createServer } = require('node:http');
    const kept = [];
    const server = createServer((request, response) => {
      kept.push(Buffer.alloc(64 * 1024, 1));
      response.end('ok');
    });
    server.listen(0, async () => {
      const { port } = server.address();
      for (let round = 0; round < 500; round++) await (await fetch('http://127.0.0.1:' + port)).text();
      setTimeout(() => process.exit(0), 500);
    });`;
    const target = `exec '${process.execPath}' -e "$SCRIPT"`;
    const { verdict } = await gateServer(target, LOOSE, TIGHT, '--env', `SCRIPT=${script}`);
    expect(verdict.budgets[0]?.value).toBeGreaterThan(31 * MIB);
  },
);

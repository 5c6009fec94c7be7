/** Third-party servers under load. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { MIB, needs, needsProgram, record, scratch, testWith } from '../harness.ts';

testWith(
  [needs.cgroup, needsProgram('redis-server'), needsProgram('redis-cli')],
  'redis-server with 200,000 keys: anon slightly exceeds what redis reports',
  async () => {
    const socket = join(scratch, 'redis.sock');
    const cli = `redis-cli -s ${socket}`;
    const script = `
    redis-server --port 0 --unixsocket ${socket} --save '' --appendonly no --enable-debug-command yes >/dev/null &
    until ${cli} ping >/dev/null 2>&1; do sleep 0.1; done
    ${cli} debug populate 200000 key 200 >/dev/null
    ${cli} info memory | grep '^used_memory:'
    sleep 1; ${cli} shutdown nosave; wait`;
    const { samples, summary, outcome } = await record('--interval', '100ms', '--', 'sh', '-c', script);
    expect(outcome.status).toBe(0);
    const used = Number(/used_memory:(\d+)/.exec(outcome.stderr)?.[1]);
    const anon = Math.max(...samples.map((sample) => sample.stat?.anon ?? 0));
    expect(used).toBeGreaterThan(40 * MIB);
    expect(anon).toBeGreaterThan(used * 0.95);
    expect(anon).toBeLessThan(used * 1.3 + 20 * MIB);
    expect(summary.outlived).toEqual([]);
  },
);

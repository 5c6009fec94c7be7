/** Commands for what already runs: cgroups that are named as runtimes name them, with real processes. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { chooseMemoryHierarchy, readHierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { removeSubtree } from '#src/cgroup/subtree.ts';
import { cmemstat, needs, type Running, start, testWith } from '../harness.ts';

const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
const mountPoint = hierarchy.version === undefined ? '' : hierarchy.mountPoint;
const supported = needs.root.has && needs.cgroup.has;

/** What runs in the cgroups: 20 MiB that are never given back. */
const HOLD = 'const held = Buffer.alloc(20 << 20, 1); console.log("ready"); setInterval(() => held[0], 1e3)';

const top = `cmemstat-test-attach-${process.pid}`;
const id = randomBytes(32).toString('hex');
const uid = '0d2ffb0a-2d1b-4f4a-9d6a-3a2f6c0b8e11';
const paths = {
  docker: `/${top}/system.slice/docker-${id}.scope`,
  pod: `/${top}/kubepods/burstable/pod${uid}/${randomBytes(32).toString('hex')}`,
};
const running: Running[] = [];

/** Creates a cgroup with all above it; their memory is accounted. */
function makeCgroup(path: string): string {
  let directory = mountPoint;
  for (const name of path.slice(1).split('/')) {
    const control = join(directory, 'cgroup.subtree_control');
    if (existsSync(control)) writeFileSync(control, '+memory');
    directory = join(directory, name);
    if (!existsSync(directory)) mkdirSync(directory);
  }
  return directory;
}

/** Starts a program in a cgroup; it is killed after the tests. */
async function startIn(path: string, words: readonly string[]): Promise<Running> {
  const procs = join(makeCgroup(path), 'cgroup.procs');
  const started = start('/bin/sh', ['-c', 'echo 0 > "$0" && exec "$@"', procs, ...words]);
  running.push(started);
  await started.until(/ready/);
  return started;
}

beforeAll(async () => {
  if (!supported) return;
  for (const path of Object.values(paths)) await startIn(path, [process.execPath, '-e', HOLD]);
}, 120_000);

afterAll(async () => {
  if (!supported) return;
  for (const { child, exited } of running) {
    child.kill('SIGKILL');
    await exited;
  }
  removeSubtree(join(mountPoint, top));
});

describe('a target', () => {
  testWith([needs.root, needs.cgroup], 'is found by what runs in it', async () => {
    const pod = paths.pod.slice(0, paths.pod.lastIndexOf('/'));
    const targets = [
      [paths.docker, paths.docker],
      [`container:${id.slice(0, 16)}`, paths.docker],
      [id.slice(0, 16), paths.docker],
      [String(running[0]?.child.pid), paths.docker],
      [`pod:${uid}`, pod],
      [`unit:docker-${id}.scope`, paths.docker],
    ] as const;
    for (const [target, path] of targets) {
      const outcome = await cmemstat('explain', '--json', '--sample', '1000', target);
      expect(outcome.stderr).toBe('');
      expect([target, (JSON.parse(outcome.stdout) as { cgroup: string }).cgroup]).toEqual([target, path]);
    }
  });

  testWith([needs.root, needs.cgroup], 'that does not exist is refused with what was looked at', async () => {
    const outcome = await cmemstat('explain', 'container:no-such-container');
    expect(outcome.status).toBe(125);
    expect(outcome.stderr).toContain('explain container:no-such-container: no container has this name');
    expect(outcome.stderr).toMatch(/looked at:\n {2}\/sys\/fs\/cgroup.*: \d+ cgroups/);
  });
});

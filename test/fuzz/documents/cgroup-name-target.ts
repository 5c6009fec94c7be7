/** Names of cgroups: others may create cgroups with any name beside ours, and inside the cgroup of a run. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CgroupPaths } from '#src/cgroup/cgroup-paths.ts';
import { chooseMemoryHierarchy } from '#src/cgroup/hierarchy.ts';
import { isInLeaf, isSelfName, parseLeafName } from '#src/cgroup/leaf-name.ts';
import { removeStaleLeaves } from '#src/cgroup/stale-leaves.ts';
import { listNested, listProcesses, removeSubtree } from '#src/cgroup/subtree.ts';
import { parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';
import { parsePidCgroup } from '#src/kernel/procfs/pid-cgroup.ts';
import { hostileText, mutateText } from '../mutate-bytes.ts';
import type { Random } from '../random.ts';
import type { DocumentTarget } from './document-target.ts';

const NAMES = [
  'cmemstat-4242-1000',
  'cmemstat-self-1-2',
  'system.slice',
  'cri-containerd-0a1b.scope',
  'a b',
  '\\x2d',
];

function makeName(random: Random): Buffer {
  const name = random.chance(0.3) ? hostileText(random) : mutateText(random, random.pick(NAMES));
  // Names are bytes that need not be UTF-8.
  return Buffer.from(name, random.chance(0.5) ? 'utf8' : 'latin1');
}

/** As the kernel escapes it in /proc/self/mountinfo. Source: `mangle_path` in fs/seq_file.c. */
function mangle(name: string): string {
  return name.replaceAll(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/** An input is a path of names below a hierarchy; here it is a directory, whose files do not exist. */
export const CGROUP_NAME_TARGET: DocumentTarget = {
  name: 'cgroup-name',
  about: 'names and paths of cgroups: whose they are, finding them, removing them',
  extension: 'path',
  make(random) {
    const depth = random.chance(0.02) ? 40 : random.between(1, 4);
    const names = Array.from({ length: depth }, () => makeName(random));
    return Buffer.concat(names.flatMap((name) => [Buffer.from('/'), name]));
  },
  read(input) {
    const text = input.toString();
    for (const name of text.split('/')) {
      parseLeafName(name);
      isSelfName(name);
    }
    isInLeaf(text);
    placeIn(text);
    removeFrom(input);
    return [];
  },
};

/** A hierarchy that is mounted at the path, and a process in a cgroup with it. */
function placeIn(path: string): void {
  const line = `35 31 0:32 / /sys/fs/cgroup${mangle(path)} rw - cgroup cgroup rw,memory\n`;
  chooseMemoryHierarchy({
    mounts: parseMountinfo(line, 'mountinfo'),
    memberships: parsePidCgroup(`4:memory:${path.replaceAll('\n', '')}\n`, 'cgroup'),
    controllersAt: () => [],
    kernelCommandLine: '',
    hasCgroupDirectory: true,
  });
}

/** Creates the path in an empty directory, lists it, and removes it. */
function removeFrom(input: Buffer): void {
  const root = mkdtempSync(join(tmpdir(), 'cmemstat-fuzz-names-'));
  try {
    const leaf = join(root, 'cmemstat-1-1');
    mkdirSync(leaf);
    const made = Buffer.concat([Buffer.from(leaf), Buffer.from(withoutDots(input))]);
    try {
      mkdirSync(made, { recursive: true });
    } catch {
      // No file system takes this name.
      return;
    }
    listNested(leaf);
    listProcesses(leaf);
    new CgroupPaths(root).find(1n);
    removeSubtree(leaf);
    if (existsSync(leaf)) throw new Error('the cgroup is still there');
    mkdirSync(leaf);
    removeStaleLeaves(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Without names that lead elsewhere. */
function withoutDots(path: Buffer): Buffer {
  const names = path
    .toString('latin1')
    .split('/')
    .filter((name) => name !== '..');
  return Buffer.from(names.join('/'), 'latin1');
}

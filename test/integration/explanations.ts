/** What tests of `cmemstat explain` have in common. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { expect, type TestContext } from 'vitest';
import type { Explanation, MemoryNode } from '#src/model/explain/explanation.ts';
import { leavesOf } from '#src/model/explain/memory-tree.ts';
import { required } from '../required.ts';
import { requires } from './bpf/bpf-requirements.ts';
import { cmemstat, host, needs } from './harness.ts';

/** Each CPU may keep charges of 64 pages in stock. */
export const STOCK = 64 * 4096 * cpus().length;

/** Whether the pages of a memory cgroup can be scanned here. */
export const canScan = needs.root.has && host.mode !== 'process-tree' && host.isAtLeast(5, 17);

/** Skips the test if they cannot. */
export function needsScan(context: TestContext): void {
  requires(context, { capabilities: ['CAP_SYS_ADMIN'], since: ['5.17', 'bpf_loop()'] });
  if (!canScan) context.skip('no memory cgroup');
}

/** The cgroup of a run, from its recording. */
export function leafOf(recording: string): string {
  const [start = ''] = readFileSync(recording, 'utf8').split('\n');
  return (JSON.parse(start) as { leaf: string }).leaf;
}

/** What `cmemstat explain --json` prints. */
export async function explain(...args: string[]): Promise<Explanation> {
  const { status, stdout, stderr } = await cmemstat('explain', '--json', ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Explanation;
}

/** The nodes without children. */
export function nodesOf({ tree }: Pick<Explanation, 'tree'>): MemoryNode[] {
  return Array.from(leavesOf(tree), ({ leaf }) => leaf);
}

/** The first node without children that matches. */
export function leafNamed(tree: MemoryNode, matches: (node: MemoryNode) => boolean): MemoryNode {
  for (const { leaf } of leavesOf(tree)) if (matches(leaf)) return leaf;
  throw new Error(`not in ${JSON.stringify(tree).slice(0, 2000)}`);
}

/** A class of memory, such as `anon`. */
export function classNamed({ tree }: Explanation, name: string): MemoryNode {
  return required(
    tree.children?.find((child) => child.kind === 'class' && child.name === name),
    name,
  );
}

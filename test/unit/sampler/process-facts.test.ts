import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProcessFacts } from '#src/sampler/process-facts.ts';
import { makeTree } from '../temporary-tree.ts';

test('reads the mappings, limits and descriptors of a process', async () => {
  const fd = openSync('/etc/passwd', 'r');
  const { mappings, limits, descriptors } = await readProcessFacts(process.pid);
  closeSync(fd);
  if ('failure' in mappings || 'failure' in limits || 'failure' in descriptors) throw new Error('not read');
  expect(mappings.isCut).toBe(false);
  expect(mappings.count).toBeGreaterThan(20);
  const rss = mappings.memory.reduce((sum, each) => sum + each.rss, 0);
  expect(rss / process.memoryUsage.rss()).toBeGreaterThan(0.8);
  expect(limits.find(({ name }) => name === 'open files')?.unit).toBe('files');
  expect(descriptors.targets).toContainEqual({ fd, target: '/etc/passwd' });
  expect(descriptors.count).toBe(descriptors.targets.length);
});

test('reports a process that has exited, before its parent has waited for it and after', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  expect(await readProcessFacts(child.pid ?? 0)).toEqual({
    mappings: { failure: 'the process has exited' },
    limits: { failure: 'the process has exited' },
    descriptors: { failure: 'the process has exited' },
  });
});

test('lists at most 1000 descriptors, in the order of their numbers, whatever their names contain', async () => {
  const root = makeTree();
  const folder = join(root, '7', 'fd');
  mkdirSync(folder, { recursive: true });
  for (let fd = 0; fd < 1200; fd++)
    symlinkSync(fd === 0 ? '/tmp/\u001b[2J\n' : `socket:[${fd}]`, join(folder, String(fd)));
  writeFileSync(join(root, '7', 'limits'), '');
  writeFileSync(join(root, '7', 'smaps'), '7f00-7f01 r--p 0 00:00 0 x\n'.repeat(25_000));
  const { descriptors, mappings } = await readProcessFacts(7, root);
  if ('failure' in descriptors || 'failure' in mappings) throw new Error('not read');
  expect(descriptors).toMatchObject({ count: 1200, isCut: false });
  expect(descriptors.targets).toHaveLength(1000);
  expect(descriptors.targets.map(({ fd }) => fd)).toEqual(
    descriptors.targets.map(({ fd }) => fd).toSorted((a, b) => a - b),
  );
  expect(mappings).toMatchObject({ isCut: true });
});

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundle } from '../bundle.ts';
import { PROJECT } from '../paths.ts';
import { makeTree } from './temporary-tree.ts';

/** Removes none of its files itself. */
const PROGRAM = `
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTemporaryFolderAtExit } from ${JSON.stringify(join(PROJECT, 'test/temporary-folder.ts'))};
removeTemporaryFolderAtExit();
const folder = mkdtempSync(join(tmpdir(), 'left-'));
writeFileSync(join(folder, 'file'), '');
if (process.argv[2] === 'throws') throw new Error('failed');
if (process.argv[2] === 'waits') setTimeout(() => {}, 60_000);
console.log(folder);
`;

it.each([
  ['ends', undefined, 0],
  ['throws', undefined, 1],
  ['waits', 'SIGTERM', 1],
  ['waits', 'SIGINT', 1],
] as const)('a program that %s leaves no temporary files (%s)', async (how, signal, expected) => {
  const tree = makeTree({ 'program.ts': PROGRAM });
  const [program, temporary] = [join(tree, 'program.cjs'), join(tree, 'tmp')];
  mkdirSync(temporary);
  bundle(join(tree, 'program.ts'), program);
  const child = spawn(process.execPath, [program, how], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (signal !== undefined) child.stdout.once('data', () => child.kill(signal));
  const [status, text] = await Promise.all([
    new Promise((resolve) => child.once('close', resolve)),
    child.stdout.setEncoding('utf8').toArray(),
  ]);
  expect(status).toBe(expected);
  if (how !== 'throws') expect(text.join('')).toContain(`${temporary}/cmemstat-tests-`);
  expect(readdirSync(temporary)).toEqual([]);
});

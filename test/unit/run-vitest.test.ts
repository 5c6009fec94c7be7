import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { runVitest } from '../run-vitest.ts';
import { makeTree } from './temporary-tree.ts';

afterEach(() => vi.restoreAllMocks());

/** In place of Node.js: prints its arguments, and one character in two parts, between which it waits. */
const SCRIPT = `#!/bin/sh
echo "$@" >&2
printf '\\342'
while [ ! -e "$0.continue" ]; do sleep 0.05; done
printf '\\234\\223 a.test.ts\\n'
exit $STATUS
`;

/** The outcome, what was printed, and what had been while vitest ran. */
async function run(status: number, inBackground: boolean) {
  const node = join(makeTree({ node: SCRIPT }), 'node');
  chmodSync(node, 0o755);
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      printed[name] += Buffer.from(chunk).toString('latin1');
      return true;
    });
  }
  const env = { ...process.env, STATUS: String(status) };
  const ended = runVitest(['--project', 'unit'], { inBackground, node, env });
  await (inBackground ? wait(200) : vi.waitFor(() => expect(printed).toEqual(FIRST), 20_000));
  const before = { ...printed };
  writeFileSync(`${node}.continue`, '');
  return { before, outcome: await ended, printed };
}

const FIRST = { stdout: '\xe2', stderr: 'node_modules/vitest/vitest.mjs run --project unit\n' };
const ALL = { ...FIRST, stdout: '\xe2\x9c\x93 a.test.ts\n' };

it('the output of vitest is printed at once, and returned', async () => {
  const { outcome, printed } = await run(0, false);
  expect(printed).toEqual(ALL);
  expect(outcome).toEqual({ status: 0, output: `✓ a.test.ts\n\n${FIRST.stderr}` });
});

it('the output of vitest in the background is printed after its end', async () => {
  const { before, outcome, printed } = await run(1, true);
  expect(before).toEqual({ stdout: '', stderr: '' });
  expect(printed).toEqual(ALL);
  expect(outcome).toEqual({ status: 1, output: `✓ a.test.ts\n\n${FIRST.stderr}` });
});

it('a Node.js that is missing is an error', async () => {
  await expect(runVitest([], { node: '/no/such/node' })).rejects.toThrow('ENOENT');
});

/**
 * Faults of I/O at each call that concerns the files of a run: what is there is whole, and nothing is left
 * over.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  BINARY,
  leavesOnHost,
  needsProgram,
  type Outcome,
  scratch,
  start,
  TARGETS,
  testWithoutKernel,
} from '../harness.ts';

const OLD = 'of the run before\n';

const library = join(scratch, 'fail-io.so');

/** Compiles the library that lets calls fail. */
function buildLibrary(): void {
  if (existsSync(library)) return;
  const words = ['-O1', '-shared', '-fPIC', '-o', library, join(TARGETS, 'fail-io.c'), '-ldl'];
  const { status, stderr } = spawnSync('cc', words, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

/** Runs the binary in a folder, with a fault in one call; `call` is empty if there were fewer. */
async function runWithFault(
  folder: string,
  command: string,
  number: number,
  fault: number,
): Promise<Outcome & { call: string }> {
  const calls = join(scratch, 'calls');
  const variables = [
    `FAIL_BELOW=${folder}`,
    `FAIL_AT=${number}`,
    `FAIL_ERRNO=${fault}`,
    `LD_PRELOAD=${library}`,
  ];
  const line = `cd ${folder}; ${variables.join(' ')} ${process.execPath} ${BINARY} ${command} 9>${calls}`;
  const outcome = await start('bash', ['-c', line], { input: '' }).ended;
  return { ...outcome, call: readFileSync(calls, 'utf8').trim() };
}

/** Whether a file is as it was before the run, or as it is to be after it. */
function isWhole(text: string): boolean {
  if (text === OLD) return true;
  if (text.startsWith('<?xml')) return text.endsWith('</testsuite>\n');
  if (!text.startsWith('{"type":')) return JSON.parse(text) !== null;
  // A recording consists of whole lines.
  return (
    text.endsWith('\n') &&
    text
      .trimEnd()
      .split('\n')
      .every((line) => JSON.parse(line) !== null)
  );
}

const { ENOSPC, EIO } = constants.errno;

for (const [name, fault, command] of [
  ['EIO', EIO, '-q --output f --summary-json s --report junit:g --save-baseline old -- true'],
  ['ENOSPC', ENOSPC, '-q --runs 2 --output r -- true'],
  ['ENOSPC', ENOSPC, 'budget init --runs 1 --write w -- true'],
  ['EIO', EIO, '-q --stdout out --output old -- true'],
] as const) {
  testWithoutKernel(
    [needsProgram('cc')],
    `${name} in any call on a file: ${command}`,
    async () => {
      buildLibrary();
      const calls: string[] = [];
      for (let number = 1; ; number += 1) {
        const folder = mkdtempSync(join(scratch, 'faults-'));
        writeFileSync(join(folder, 'old'), OLD);
        const { call, status, stderr } = await runWithFault(folder, command, number, fault);
        if (call === '') break;
        calls.push(call);
        const what = `${number}, ${call}: ${stderr}`;
        expect([what, status]).toEqual([what, 125]);
        expect(stderr).toMatch(/no space left on the device|input\/output error/);
        expect(stderr).not.toMatch(/internal error|^ {4}at /m);
        for (const file of readdirSync(folder)) {
          expect([what, file]).not.toEqual([what, expect.stringMatching(/^\./)]);
          const text = readFileSync(join(folder, file), 'utf8');
          // What is appended to may be empty.
          expect([what, file, text === '' || isWhole(text)]).toEqual([what, file, true]);
          if (/^[gsw]$/.test(file)) expect(text).not.toBe('');
        }
        expect(leavesOnHost()).toEqual([]);
      }
      expect(calls.length).toBeGreaterThan(2);
    },
    120_000,
  );
}

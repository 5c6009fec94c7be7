import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { isInExecutable, ownCommand, readProgramFile } from '#src/kernel/files/program-files.ts';

const script = process.argv[1] ?? '';
afterEach(() => {
  process.argv[1] = script;
});

it('distinguishes files of an executable, which are below its path, and files beside the bundle', () => {
  expect(isInExecutable(`${process.execPath}/cmemstat.cjs`)).toBe(true);
  expect(isInExecutable(process.execPath)).toBe(false);
  expect(isInExecutable(`${process.execPath}-2/cmemstat.cjs`)).toBe(false);
  expect(isInExecutable('/opt/cmemstat/dist/cmemstat.cjs')).toBe(false);
});

it('reads files beside the bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'program-files-'));
  try {
    writeFileSync(join(folder, 'a.cjs'), 'a');
    expect(readProgramFile(join(folder, 'a.cjs')).toString()).toBe('a');
    expect(() => readProgramFile(join(folder, 'b.cjs'))).toThrow('ENOENT');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('starts the program again by its script, or by the executable alone', () => {
  process.argv[1] = '/opt/cmemstat/bin/cmemstat.js';
  expect(ownCommand()).toEqual([process.execPath, ...process.execArgv, '/opt/cmemstat/bin/cmemstat.js']);
  process.argv[1] = process.execPath;
  expect(ownCommand()).toEqual([process.execPath]);
});

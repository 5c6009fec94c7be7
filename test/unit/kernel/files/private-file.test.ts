import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPrivateFile, writePrivateFile } from '#src/kernel/files/private-file.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'private-file-'));
  file = join(directory, 'file');
  writeFileSync(file, 'contents', { mode: 0o600 });
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('readPrivateFile', () => {
  it('reads a file of this user up to the largest size', () => {
    expect(readPrivateFile(file, 8)?.toString()).toBe('contents');
    expect(readPrivateFile(file, 7)).toBeUndefined();
  });

  it.each([0o620, 0o602, 0o666])('does not read a file with mode %o', (mode) => {
    chmodSync(file, mode);
    expect(readPrivateFile(file, 100)).toBeUndefined();
  });

  it.runIf(process.getuid?.() === 0)('does not read a file of another user, even as root', () => {
    chownSync(file, 1000, 1000);
    expect(readPrivateFile(file, 100)).toBeUndefined();
  });

  it('does not follow a symbolic link', () => {
    symlinkSync(file, join(directory, 'link'));
    expect(readPrivateFile(join(directory, 'link'), 100)).toBeUndefined();
  });

  it('does not wait for the writer of a named pipe', () => {
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    expect(readPrivateFile(join(directory, 'pipe'), 100)).toBeUndefined();
  });

  it('allocates nothing for a file that is too large', () => {
    truncateSync(file, 2 ** 40);
    expect(readPrivateFile(file, 1024)).toBeUndefined();
  });

  it.each(['.', 'none', 'file/none'])('reads nothing at %s', (name) => {
    expect(readPrivateFile(join(directory, name), 100)).toBeUndefined();
  });

  it('leaves no descriptor open', () => {
    const before = readdirSync('/proc/self/fd').length;
    readPrivateFile(file, 100);
    readPrivateFile(file, 1);
    expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  });
});

describe('writePrivateFile', () => {
  it('replaces a file by one that only this user can access', () => {
    chmodSync(file, 0o666);
    writePrivateFile(file, Buffer.from('new'));
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['file']);
  });

  it('replaces a link, and not the file that it refers to', () => {
    const link = join(directory, 'link');
    symlinkSync(file, link);
    writePrivateFile(link, Buffer.from('new'));
    expect(readFileSync(file, 'utf8')).toBe('contents');
    expect(readFileSync(link, 'utf8')).toBe('new');
  });

  it('writes through nothing that has the name of its temporary file', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    try {
      symlinkSync(file, join(directory, `.cmemstat-${process.pid}-${(0.5).toString(36).slice(2)}`));
      expect(() => writePrivateFile(join(directory, 'other'), Buffer.from('new'))).toThrow('EEXIST');
      expect(readFileSync(file, 'utf8')).toBe('contents');
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('leaves no temporary file after a failure', () => {
    expect(() => writePrivateFile(directory, Buffer.from('new'))).toThrow();
    expect(readdirSync(directory)).toEqual(['file']);
    expect(
      readdirSync(join(directory, '..')).filter((name) => name.startsWith('private-file-')),
    ).not.toContainEqual(expect.stringContaining(`.${process.pid}-`));
  });
});

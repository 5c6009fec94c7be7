import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTextFile } from '#src/output/text-file.ts';
import { makeTree } from '../temporary-tree.ts';

const countOpen = () => readdirSync('/proc/self/fd').length;

describe('openTextFile', () => {
  it('creates nothing before the text is written', async () => {
    const tree = makeTree();
    const before = countOpen();
    const file = openTextFile('--report text', join(tree, 'f'));
    expect(readdirSync(tree)).toEqual([]);
    await file.write('text');
    expect(readdirSync(tree)).toEqual(['f']);
    expect(readFileSync(join(tree, 'f'), 'utf8')).toBe('text');
    expect(statSync(join(tree, 'f')).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(countOpen()).toBe(before);
  });

  it('overwrites a file, which keeps its mode and its other names', async () => {
    const tree = makeTree({ f: 'the longer text of the run before' });
    chmodSync(join(tree, 'f'), 0o640);
    linkSync(join(tree, 'f'), join(tree, 'other'));
    const file = openTextFile('--report text', join(tree, 'f'));
    expect(readFileSync(join(tree, 'f'), 'utf8')).toContain('before');
    await file.write('text');
    expect(readFileSync(join(tree, 'other'), 'utf8')).toBe('text');
    expect(statSync(join(tree, 'f')).mode & 0o777).toBe(0o640);
  });

  it.skipIf(process.getuid?.() !== 0)('names a pipe of another user that was there', async () => {
    const tree = makeTree();
    chmodSync(tree, 0o777);
    const path = join(tree, 'f');
    spawnSync('mkfifo', [path]);
    chownSync(path, 65534, 65534);
    const file = openTextFile('--summary-json', path);
    await expect(file.write('text')).rejects.toMatchObject({
      code: 'OUTPUT',
      message: expect.stringMatching(/^--summary-json .*: .*a named pipe of another user/),
    });
  });

  it.each([
    ['removed', (path: string) => unlinkSync(path)],
    ['moved away', (path: string) => renameSync(path, `${path}.old`)],
    [
      'replaced',
      (path: string) => {
        writeFileSync(`${path}.new`, 'of the target');
        renameSync(`${path}.new`, path);
      },
    ],
    [
      'replaced by a link',
      (path: string) => {
        unlinkSync(path);
        symlinkSync(`${path}.old`, path);
      },
    ],
  ])('writes a file that was %s during the run to the place that was named', async (_, act) => {
    const path = join(makeTree({ 'f.old': 'old', f: 'before' }), 'f');
    const file = openTextFile('--report text', path);
    act(path);
    await file.write('text');
    expect(readFileSync(path, 'utf8')).toBe('text');
    expect(readFileSync(`${path}.old`, 'utf8')).not.toBe('text');
  });

  it('creates the file that a dangling link names, and keeps the link', async () => {
    const tree = makeTree();
    symlinkSync('f', join(tree, 'link'));
    const file = openTextFile('--report text', join(tree, 'link'));
    expect(readdirSync(tree)).toEqual(['link']);
    await file.write('text');
    expect(readFileSync(join(tree, 'f'), 'utf8')).toBe('text');
  });

  it('writes to a named pipe that is read from the start, or only at the end', async () => {
    const pipe = join(makeTree(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const isEarly of [true, false]) {
      const early = isEarly ? openSync(pipe, 'r+') : undefined;
      const writing = openTextFile('--report text', pipe).write('text');
      const reader = early ?? openSync(pipe, 'r+');
      await writing;
      const bytes = Buffer.alloc(9);
      expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toBe('text');
      closeSync(reader);
    }
  });

  it.each([
    ['/dev/full', 'no space left on the device'],
    ['d', 'is a directory'],
  ])('reports a failure, and leaves nothing: %s', async (name, words) => {
    const tree = makeTree();
    const path = name.startsWith('/') ? name : join(tree, name);
    const before = countOpen();
    const file = openTextFile('--report text', path);
    if (path.startsWith(tree)) mkdirSync(path);
    await expect(file.write('text')).rejects.toThrow(`cannot write to ${path}: ${words}`);
    expect(readdirSync(tree)).toEqual(path.startsWith(tree) ? [name] : []);
    expect(countOpen()).toBe(before);
  });

  it('rejects a directory, and one that is not there, before the run', () => {
    const tree = makeTree();
    expect(() => openTextFile('--report text', tree)).toThrow(`--report text ${tree}: is a directory`);
    expect(() => openTextFile('--report text', `${tree}/`)).toThrow('is a directory');
    expect(() => openTextFile('--report text', `${tree}/d/f`)).toThrow('no such file or directory');
  });
});

describe.runIf(process.getuid?.() === 0)('a document that does not fit on a full disk', () => {
  it('leaves no part of it, and a file as it was', async () => {
    const disk = makeTree();
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status).toBe(0);
    try {
      writeFileSync(join(disk, 'old'), 'of the run before');
      const large = 'x'.repeat(100_000);
      for (const name of ['old', 'new']) {
        const file = openTextFile('--report text', join(disk, name));
        await expect(file.write(large)).rejects.toThrow('no space left on the device');
      }
      expect(readdirSync(disk)).toEqual(['old']);
      expect(readFileSync(join(disk, 'old'), 'utf8')).toBe('of the run before');
    } finally {
      spawnSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

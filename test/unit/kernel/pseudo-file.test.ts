import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptFile, listPseudoDirectory, readPseudoFile, writePseudoFile } from '#src/kernel/pseudo-file.ts';
import { makeTree } from '../temporary-tree.ts';

const KIB = 1024;
const tree = makeTree({ file: '', 'folder/a': '', 'folder/b': '' });
const file = join(tree, 'file');

/** Our descriptors that are open on a file. */
const opened = (path: string) =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;

describe('readPseudoFile', () => {
  it.each([0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 32 * KIB, 100_000])(
    'reads all %i bytes of a file',
    (length) => {
      const text = 'x'.repeat(Math.max(0, length - 1)) + (length > 0 ? '.' : '');
      writeFileSync(file, text);
      expect(readPseudoFile(file)).toBe(text);
    },
  );

  it('returns no remains of a longer file read before', () => {
    writeFileSync(file, 'long'.repeat(10_000));
    readPseudoFile(file);
    writeFileSync(file, 'short');
    expect(readPseudoFile(file)).toBe('short');
  });

  it('reads a file of reported size 0, in several reads', () => {
    expect(readPseudoFile('/proc/self/maps').length).toBeGreaterThan(4 * KIB);
  });

  it('reads names that are not ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        writeFileSync(file, text);
        expect(readPseudoFile(file)).toBe(text);
      }),
      { numRuns: 30 },
    );
  });

  it('reports what it could not open, and why', () => {
    expect(() => readPseudoFile('/nowhere/memory.stat')).toThrow(
      expect.objectContaining({
        code: 'KERNEL_FILE',
        operation: 'open',
        path: '/nowhere/memory.stat',
        errno: 'ENOENT',
        message: 'cannot open /nowhere/memory.stat: no such file or directory',
      }),
    );
  });

  it('reports what it could not read, and closes it', () => {
    const folder = join(tree, 'folder');
    expect(() => readPseudoFile(folder)).toThrow(
      expect.objectContaining({ operation: 'read', path: folder, errno: 'EISDIR' }),
    );
    expect(opened(folder)).toBe(0);
  });
});

describe('writePseudoFile', () => {
  it('writes', () => {
    writeFileSync(file, '');
    writePseudoFile(file, '+memory');
    expect(readFileSync(file, 'utf8')).toBe('+memory');
    expect(opened(file)).toBe(0);
  });

  it('creates no file that the kernel lacks', () => {
    const absent = join(tree, 'absent');
    expect(() => writePseudoFile(absent, 'max')).toThrow(
      expect.objectContaining({
        operation: 'write',
        path: absent,
        errno: 'ENOENT',
        message: `cannot write 'max' to ${absent}: no such file or directory`,
      }),
    );
    expect(existsSync(absent)).toBe(false);
  });

  it('reports the data that the kernel rejected', () => {
    expect(() => writePseudoFile('/dev/full', '+memory')).toThrow(
      expect.objectContaining({
        operation: 'write',
        path: '/dev/full',
        errno: 'ENOSPC',
        message: "cannot write '+memory' to /dev/full: no space left on the device",
      }),
    );
    expect(opened('/dev/full')).toBe(0);
  });
});

describe('listPseudoDirectory', () => {
  it('lists', () => {
    expect(listPseudoDirectory(join(tree, 'folder')).sort()).toEqual(['a', 'b']);
  });

  it('reports what it could not list, and why', () => {
    expect(() => listPseudoDirectory(file)).toThrow(
      expect.objectContaining({ operation: 'list', path: file, errno: 'ENOTDIR' }),
    );
  });
});

describe('KeptFile', () => {
  it('reads the current content, longer or shorter, from the beginning', () => {
    writeFileSync(file, 'one');
    const kept = new KeptFile(file);
    expect(kept.read()).toBe('one');
    for (const text of ['y'.repeat(70_000), 'two', '']) {
      writeFileSync(file, text);
      expect(kept.read()).toBe(text);
    }
    kept.close();
  });

  it('can be closed twice without closing a reused descriptor', () => {
    const kept = new KeptFile(file);
    kept.close();
    const other = new KeptFile(file);
    kept.close();
    expect(other.read()).toBe(readFileSync(file, 'utf8'));
    other.close();
    expect(opened(file)).toBe(0);
  });

  it('rejects a missing file', () => {
    expect(() => new KeptFile('/nowhere/memory.peak')).toThrow(
      expect.objectContaining({ operation: 'open', path: '/nowhere/memory.peak', errno: 'ENOENT' }),
    );
  });

  it('reports a failed read after the process of the file has ended', async () => {
    const child = spawn('sleep', ['60']);
    const stat = new KeptFile(`/proc/${child.pid}/stat`);
    expect(stat.read()).toContain('(');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(() => stat.read()).toThrow(
      expect.objectContaining({ operation: 'read', path: stat.path, errno: 'ESRCH' }),
    );
    stat.close();
  });
});

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilePlace, openDirectory, parentOf } from '#src/kernel/files/file-place.ts';
import { openStream, overwriteFile } from '#src/kernel/files/output-stream.ts';
import { makeTree } from '../../temporary-tree.ts';

const countOpen = () => readdirSync('/proc/self/fd').length;
const isRoot = process.getuid?.() === 0;
const OTHERS = [
  ['anyone can write to', 0o777, undefined],
  ['is sticky', 0o1777, undefined],
  ['its group can write to', 0o775, undefined],
  ...(isRoot ? [['belongs to another user', 0o755, 1234] as const] : []),
] as const;

/** A directory that others can write to. */
function makeShared(mode: number, owner: number | undefined): string {
  const directory = join(makeTree({ 'shared/': '' }), 'shared');
  chmodSync(directory, mode);
  if (owner !== undefined) chownSync(directory, owner, owner);
  return directory;
}

/** Writes a line as a recording is written. */
async function append(path: string, text: string): Promise<void> {
  const stream = await openStream(new FilePlace('--output', path));
  stream.empty();
  writeSync(stream.fd, text);
  stream.keep();
  stream.close();
}

describe('parentOf', () => {
  it.each([
    ['a', '.'],
    ['/a', '/'],
    ['b/a', 'b/'],
    ['b/a/', 'b/a/'],
  ])('keeps the text: %s', (path, directory) => {
    expect(parentOf(path)).toBe(directory);
  });
});

describe('FilePlace', () => {
  it('follows links of our own, one after the other, and creates what they name', async () => {
    const tree = makeTree({ 'data/': '', 'links/': '' });
    symlinkSync('../links/second', join(tree, 'data/first'));
    symlinkSync(join(tree, 'data/file'), join(tree, 'links/second'));
    const before = countOpen();
    await append(join(tree, 'data/first'), 'text');
    expect(readFileSync(join(tree, 'data/file'), 'utf8')).toBe('text');
    expect(readlinkSync(join(tree, 'data/first'))).toBe('../links/second');
    expect(countOpen()).toBe(before);
  });

  it('removes the file that was created through a link, and not the link', async () => {
    const tree = makeTree();
    symlinkSync('file', join(tree, 'link'));
    const stream = await openStream(new FilePlace('--output', join(tree, 'link')));
    expect(readdirSync(tree)).toEqual(['file', 'link']);
    stream.close();
    expect(readdirSync(tree)).toEqual(['link']);
  });

  it.each(OTHERS)('refuses a link in a directory that %s', (_, mode, owner) => {
    const before = countOpen();
    const directory = makeShared(mode, owner);
    symlinkSync('/etc/passwd', join(directory, 'f'));
    expect(() => new FilePlace('--report junit', join(directory, 'f'))).toThrow(
      `--report junit ${directory}/f: it is a symbolic link in a directory that others can write to`,
    );
    expect(countOpen()).toBe(before);
  });

  it.each(OTHERS)('refuses a hard link in a directory that %s', async (_, mode, owner) => {
    const directory = makeShared(mode, owner);
    const file = join(makeTree({ file: 'contents' }), 'file');
    linkSync(file, join(directory, 'f'));
    await expect(append(join(directory, 'f'), 'x')).rejects.toThrow('it is a hard link in a directory that');
    expect(readFileSync(file, 'utf8')).toBe('contents');
  });

  it('writes to a hard link in a directory of ours', async () => {
    const tree = makeTree({ file: 'contents' });
    linkSync(join(tree, 'file'), join(tree, 'link'));
    await append(join(tree, 'link'), 'new');
    expect(readFileSync(join(tree, 'file'), 'utf8')).toBe('new');
  });

  it('does not follow a link that was put there later', () => {
    const tree = makeTree({ secret: 'contents' });
    const place = new FilePlace('--output', join(tree, 'f'));
    symlinkSync('secret', join(tree, 'f'));
    expect(() => place.open(1)).toThrow('ELOOP');
    place.replace(Buffer.from('new'));
    expect(readFileSync(join(tree, 'secret'), 'utf8')).toBe('contents');
    expect(lstatSync(join(tree, 'f')).isFile()).toBe(true);
    place.close();
  });

  it('stays in the directory, wherever its path leads later', () => {
    const tree = makeTree({ 'out/': '', 'etc/': '' });
    const directories = new Map([[`${tree}/out/`, openDirectory(`${tree}/out/`)]]);
    const place = new FilePlace('--output', join(tree, 'out/f'));
    renameSync(join(tree, 'out'), join(tree, 'moved'));
    symlinkSync('etc', join(tree, 'out'));
    place.replace(Buffer.from('one'));
    place.close();
    const second = new FilePlace('--output', `${tree}/out/g`, directories);
    second.replace(Buffer.from('two'));
    second.close();
    expect(readdirSync(join(tree, 'moved'))).toEqual(['f', 'g']);
    expect(readdirSync(join(tree, 'etc'))).toEqual([]);
    for (const fd of directories.values()) closeSync(fd);
  });

  it('finds a directory that was removed and created again, and no link in its place', () => {
    const tree = makeTree({ 'out/': '', 'etc/': '' });
    const place = new FilePlace('--output', join(tree, 'out/f'));
    rmSync(join(tree, 'out'), { recursive: true });
    expect(() => place.replace(Buffer.from('x'))).toThrow('ENOENT');
    symlinkSync('etc', join(tree, 'out'));
    expect(() => place.replace(Buffer.from('x'))).toThrow('ENOENT');
    unlinkSync(join(tree, 'out'));
    mkdirSync(join(tree, 'out'), { mode: 0o755 });
    place.replace(Buffer.from('new'));
    expect(readFileSync(join(tree, 'out/f'), 'utf8')).toBe('new');
    expect(readdirSync(join(tree, 'etc'))).toEqual([]);
    place.close();
  });

  it('continues an open file of its own at its position', async () => {
    const file = join(makeTree({ file: 'kept ' }), 'file');
    const fd = openSync(file, 'r+');
    writeSync(fd, 'K');
    await append(`/dev/fd/${fd}`, 'E');
    writeSync(fd, 'P');
    closeSync(fd);
    expect(readFileSync(file, 'utf8')).toBe('KEPt ');
    expect(() => new FilePlace('--output', `/proc/self/fd/${fd}`)).toThrow('no such file or directory');
  });

  it.each([
    ['a directory', 'd', 'is a directory'],
    ['the name of a directory', 'd/', 'is a directory'],
    ['a loop of links', 'loop', 'too many symbolic links'],
    ['a missing directory', 'none/f', 'no such file or directory'],
    ['a file in place of a directory', 'file/f', 'not a directory'],
  ])('names what is wrong with %s', async (_, name, words) => {
    const tree = makeTree({ 'd/': '', file: '' });
    symlinkSync('loop', join(tree, 'loop'));
    const before = countOpen();
    await expect(append(join(tree, name), 'x')).rejects.toThrow(`--output ${tree}/${name}: ${words}`);
    expect(countOpen()).toBe(before);
  });
});

describe('openStream', () => {
  it('appends, so that a file that is truncated by others has no hole', async () => {
    const file = join(makeTree(), 'f');
    const stream = await openStream(new FilePlace('--output', file));
    writeSync(stream.fd, 'first');
    writeFileSync(file, '');
    writeSync(stream.fd, 'second');
    stream.keep();
    stream.close();
    expect(readFileSync(file, 'utf8')).toBe('second');
  });

  it('waits for the reader of a named pipe unless that is ended', async () => {
    const pipe = join(makeTree(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const before = countOpen();
    const onWait = () => {
      throw new Error('ended');
    };
    await expect(openStream(new FilePlace('--output', pipe), { onWait })).rejects.toThrow();
    expect(countOpen()).toBe(before);
    const opening = openStream(new FilePlace('--output', pipe), { isForTarget: true });
    const reader = openSync(pipe, 'r+');
    const stream = await opening;
    // O_NONBLOCK
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${stream.fd}`, 'utf8'))?.[1] ?? '';
    expect(Number.parseInt(flags, 8) & 0o4000).toBe(0);
    stream.close();
    closeSync(reader);
    expect(countOpen()).toBe(before);
  });
});

describe('overwriteFile', () => {
  it.each(['', 'short', 'longer than before'])('replaces the contents with %j', (text) => {
    const file = join(makeTree({ file: 'contents' }), 'file');
    const fd = openSync(file, 'r+');
    overwriteFile(fd, Buffer.from(text));
    closeSync(fd);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});

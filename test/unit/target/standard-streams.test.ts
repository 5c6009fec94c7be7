import { fstatSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStreams } from '../../../src/target/standard-streams.ts';
import { makeTree } from '../temporary-tree.ts';

const countOpen = () => readdirSync('/proc/self/fd').length;

describe('openStreams', () => {
  it('leaves our own streams in their places', () => {
    const { stdio, close } = openStreams({}, false);
    expect(stdio).toEqual(['inherit', 'inherit', 'inherit']);
    close();
  });

  it('sends standard output where standard error goes, when ours holds nothing but JSON', () => {
    expect(openStreams({}, true).stdio).toEqual(['inherit', 2, 'inherit']);
  });

  it('sends it into the file of standard error then', () => {
    const stderr = join(makeTree(), 'err');
    const streams = openStreams({ stderr }, true);
    expect(streams.stdio[1]).toBe(streams.stdio[2]);
    expect(streams.stdio[1]).toBeTypeOf('number');
    streams.close();
  });

  it('leaves standard output in the file that was asked for, JSON or not', () => {
    const tree = makeTree({ in: 'input' });
    const before = countOpen();
    const streams = openStreams(
      { stdin: join(tree, 'in'), stdout: join(tree, 'out'), stderr: join(tree, 'err') },
      true,
    );
    const [stdin, stdout, stderr] = streams.stdio;
    expect(fstatSync(stdin as number).size).toBe(5);
    writeSync(stdout as number, 'to out');
    writeSync(stderr as number, 'to err');
    expect(readFileSync(join(tree, 'out'), 'utf8')).toBe('to out');
    expect(readFileSync(join(tree, 'err'), 'utf8')).toBe('to err');
    streams.close();
    streams.close();
    expect(countOpen()).toBe(before);
  });

  it('opens one file for both streams once, so that neither overwrites the other', () => {
    const both = join(makeTree(), 'both');
    const { stdio, close } = openStreams({ stdout: both, stderr: both }, false);
    writeSync(stdio[1] as number, 'one,');
    writeSync(stdio[2] as number, 'two');
    close();
    expect(readFileSync(both, 'utf8')).toBe('one,two');
  });

  it('begins the files anew', () => {
    const tree = makeTree({ out: 'of a run before' });
    openStreams({ stdout: join(tree, 'out') }, false).close();
    expect(readFileSync(join(tree, 'out'), 'utf8')).toBe('');
  });

  it.each([
    ['--stdin', { stdin: '/nowhere/in' }, 'no such file or directory'],
    ['--stdout', { stdout: '/nowhere/out' }, 'no such file or directory'],
    ['--stderr', { stdin: '/dev/null', stdout: '/dev/null', stderr: '/' }, 'is a directory'],
  ])('names %s and its file, and leaves nothing open', (option, files, words) => {
    const before = countOpen();
    expect(() => openStreams(files, false)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        option,
        message: `${option} ${Object.values(files).at(-1)}: ${words}`,
      }),
    );
    expect(countOpen()).toBe(before);
  });
});

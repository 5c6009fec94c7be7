import { fstatSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStreams } from '#src/target/standard-streams.ts';
import { makeTree } from '../temporary-tree.ts';

const PLAIN = { stdoutToStderr: false, forView: false, readsNothing: false };
const BESIDE_JSON = { ...PLAIN, stdoutToStderr: true };
const FOR_VIEW = { ...PLAIN, forView: true, readsNothing: true };

const countOpen = () => readdirSync('/proc/self/fd').length;

describe('openStreams', () => {
  it('leaves our own streams unchanged', async () => {
    const { stdio, close } = await openStreams({}, PLAIN);
    expect(stdio).toEqual(['inherit', 'inherit', 'inherit']);
    close();
  });

  it('sends standard output to standard error if ours contains only JSON', async () => {
    expect((await openStreams({}, BESIDE_JSON)).stdio).toEqual(['inherit', 2, 'inherit']);
  });

  it('sends it into the file of standard error then', async () => {
    const stderr = join(makeTree(), 'err');
    const streams = await openStreams({ stderr }, BESIDE_JSON);
    expect(streams.stdio[1]).toBe(streams.stdio[2]);
    expect(streams.stdio[1]).toBeTypeOf('number');
    streams.close();
  });

  it('keeps standard output in the requested file, JSON or not', async () => {
    const tree = makeTree({ in: 'input' });
    const before = countOpen();
    const streams = await openStreams(
      { stdin: join(tree, 'in'), stdout: join(tree, 'out'), stderr: join(tree, 'err') },
      BESIDE_JSON,
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

  it('opens one file for both streams once, so that neither overwrites the other', async () => {
    const both = join(makeTree(), 'both');
    const { stdio, keep, close } = await openStreams({ stdout: both, stderr: both }, PLAIN);
    keep();
    writeSync(stdio[1] as number, 'one,');
    writeSync(stdio[2] as number, 'two');
    close();
    expect(readFileSync(both, 'utf8')).toBe('one,two');
  });

  it('truncates the files when it is asked to', async () => {
    const tree = makeTree({ out: 'of a run before' });
    const streams = await openStreams({ stdout: join(tree, 'out') }, PLAIN);
    expect(readFileSync(join(tree, 'out'), 'utf8')).toBe('of a run before');
    streams.empty();
    streams.close();
    expect(readFileSync(join(tree, 'out'), 'utf8')).toBe('');
  });

  it.each([
    ['--stdin', { stdin: '/nowhere/in' }, 'no such file or directory'],
    ['--stdout', { stdout: '/nowhere/out' }, 'no such file or directory'],
    ['--stderr', { stdin: '/dev/null', stdout: '/dev/null', stderr: '/' }, 'is a directory'],
  ])('names %s and its file, and leaves nothing open', async (option, files, words) => {
    const before = countOpen();
    await expect(openStreams(files, PLAIN)).rejects.toThrow(
      expect.objectContaining({
        code: 'USAGE',
        option,
        message: `${option} ${Object.values(files).at(-1)}: ${words}`,
      }),
    );
    expect(countOpen()).toBe(before);
  });

  it('gives the view both outputs as pipes, and the target no terminal to read from', async () => {
    const out = join(makeTree(), 'out');
    const { stdio, copies, close } = await openStreams({ stdout: out }, FOR_VIEW);
    expect(stdio.slice(1)).toEqual(['pipe', 'pipe']);
    expect(fstatSync(stdio[0] as number).isCharacterDevice()).toBe(true);
    expect(copies.stderr).toBeUndefined();
    writeSync(copies.stdout ?? -1, 'copied');
    expect(readFileSync(out, 'utf8')).toBe('copied');
    close();
  });

  it('passes on our standard input with the view if it is not the terminal', async () => {
    const { stdio, close } = await openStreams({}, { ...FOR_VIEW, readsNothing: false });
    expect(stdio).toEqual(['inherit', 'pipe', 'pipe']);
    close();
  });
});

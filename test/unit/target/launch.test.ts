import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type LaunchRequest, launchTarget } from '#src/target/launch.ts';
import { makeTree } from '../temporary-tree.ts';

/** Runs a command to its end; its standard output and standard error go into one file. */
async function launch(request: Partial<LaunchRequest>) {
  const tree = makeTree();
  const output = openSync(join(tree, 'output'), 'w');
  const target = await launchTarget({
    command: ['true'],
    joinFiles: [],
    cwd: undefined,
    env: process.env,
    user: undefined,
    stdio: ['inherit', output, output],
    ...request,
  });
  const exit = await target.ended;
  closeSync(output);
  return { pid: target.pid, exit, output: readFileSync(join(tree, 'output'), 'utf8') };
}

describe('launchTarget', () => {
  it('writes 0 to every file that it joins by, then becomes the command under the same pid', async () => {
    const tree = makeTree({ memory: '', 'two words': '' });
    const joinFiles = [join(tree, 'memory'), join(tree, 'two words')];
    const { pid, exit, output } = await launch({ joinFiles, command: ['sh', '-c', 'echo $$'] });
    expect(exit).toEqual({ code: 0 });
    expect(output).toBe(`${pid}\n`);
    for (const file of joinFiles) expect(readFileSync(file, 'utf8')).toBe('0\n');
  });

  it('does not run the command where joining failed', async () => {
    const { exit, output } = await launch({ joinFiles: ['/nowhere/cgroup.procs'], command: ['echo', 'ran'] });
    expect(exit).toEqual({ code: 125 });
    expect(output).not.toContain('ran');
  });

  it('hands every word over as it is', async () => {
    const words = ['two words', '', '$HOME', "it's", '--', '-n', '*', 'a\nb', '\\'];
    const { output } = await launch({ command: ['printf', '<%s>', ...words] });
    expect(output).toBe(words.map((word) => `<${word}>`).join(''));
  });

  it('tells a status from a signal', async () => {
    expect((await launch({ command: ['sh', '-c', 'exit 42'] })).exit).toEqual({ code: 42 });
    expect((await launch({ command: ['sh', '-c', 'kill -TERM $$'] })).exit).toEqual({ signal: 'SIGTERM' });
  });

  it('starts it in the directory and with the environment that were asked for', async () => {
    const cwd = makeTree();
    const { output } = await launch({
      cwd,
      env: { PATH: process.env.PATH, A: '1' },
      command: ['sh', '-c', 'pwd; echo $A'],
    });
    expect(output).toBe(`${cwd}\n1\n`);
  });

  it('says that the directory is not there', async () => {
    await expect(launch({ cwd: '/nowhere', command: ['echo'] })).rejects.toThrow(
      expect.objectContaining({
        code: 'LAUNCH',
        exitCode: 125,
        message: '--cwd /nowhere: no such directory',
      }),
    );
  });

  it('can end it by a signal, and does nothing when it has ended', async () => {
    const target = await launchTarget({
      command: ['sleep', '60'],
      joinFiles: [],
      cwd: undefined,
      env: process.env,
      user: undefined,
      stdio: ['inherit', 'inherit', 'inherit'],
    });
    target.kill('SIGINT');
    expect(await target.ended).toEqual({ signal: 'SIGINT' });
    expect(() => target.kill('SIGINT')).not.toThrow();
  });
});

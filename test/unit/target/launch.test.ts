import { chmodSync, closeSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { bytesOf } from '#src/target/byte-string.ts';
import { readOwnEnvironment, TargetEnvironment } from '#src/target/environment.ts';
import { launchTarget } from '#src/target/launch.ts';
import { launchByShell } from '#src/target/launch-by-shell.ts';
import type { LaunchRequest } from '#src/target/launch-request.ts';
import { makeTree } from '../temporary-tree.ts';

const REQUEST: LaunchRequest = {
  command: ['true'],
  joinFiles: [],
  cwd: undefined,
  env: new TargetEnvironment(readOwnEnvironment()),
  user: undefined,
  noNewPrivs: false,
  stdio: ['inherit', 'inherit', 'inherit'],
  inherited: {
    ignoredSignals: 0n,
    openFiles: undefined,
    descriptors: [],
  },
};

/** Runs a command to completion; its standard output and standard error are written to one file. */
async function launch(request: Partial<LaunchRequest>, start = launchTarget) {
  const tree = makeTree();
  const output = openSync(join(tree, 'output'), 'w');
  const target = await start({ ...REQUEST, stdio: ['inherit', output, output], ...request });
  const exit = await target.ended;
  closeSync(output);
  return { pid: target.pid, exit, output: readFileSync(join(tree, 'output'), 'latin1') };
}

const withInherited = (inherited: Partial<LaunchRequest['inherited']>) => ({
  inherited: { ...REQUEST.inherited, ...inherited },
});

const WAYS = [
  ['the stub', launchTarget],
  ['a shell', launchByShell],
] as const;

describe.each(WAYS)('a launch by %s', (way, start) => {
  it('writes 0 to every file that it joins by, then executes the command with the same pid', async () => {
    const tree = makeTree({ memory: '', 'two words': '' });
    const joinFiles = [join(tree, 'memory'), join(tree, 'two words')];
    const { pid, exit, output } = await launch({ joinFiles, command: ['sh', '-c', 'echo $$'] }, start);
    expect(exit).toEqual({ code: 0 });
    expect(output).toBe(`${pid}\n`);
    for (const file of joinFiles) expect(readFileSync(file, 'utf8').trim()).toBe('0');
  });

  it('passes every argument unchanged', async () => {
    const words = ['two words', '', '$HOME', "it's", '--', '-n', '*', 'a\nb', '\\'];
    const { output } = await launch({ command: ['printf', '<%s>', ...words] }, start);
    expect(output).toBe(words.map((word) => `<${word}>`).join(''));
  });

  it('distinguishes a status from a signal', async () => {
    expect((await launch({ command: ['sh', '-c', 'exit 42'] }, start)).exit).toEqual({ code: 42 });
    const killed = await launch({ command: ['sh', '-c', 'kill -TERM $$'] }, start);
    expect(killed.exit).toEqual({ signal: 'SIGTERM' });
  });

  it('starts it with the requested directory and environment', async () => {
    const cwd = makeTree();
    const env = new TargetEnvironment([`PATH=${process.env.PATH}`, 'A=1']);
    const { output } = await launch({ cwd, env, command: ['sh', '-c', 'pwd; echo $A'] }, start);
    expect(output).toBe(`${cwd}\n1\n`);
  });

  it('passes the inherited descriptors, with their numbers', async () => {
    const tree = makeTree({ three: 'three', nine: 'nine' });
    const [three, nine] = [openSync(join(tree, 'three'), 'r'), openSync(join(tree, 'nine'), 'r')];
    const { output } = await launch(
      {
        ...withInherited({ descriptors: [three, nine] }),
        command: ['bash', '-c', `cat <&${three}; cat <&${nine}`],
      },
      start,
    );
    expect(output).toBe('threenine');
    closeSync(three);
    closeSync(nine);
  });

  const isRoot = process.getuid?.() === 0;
  const user = { uid: 4321, gid: 1234, groups: [1234, 77], home: '/', shell: '/bin/sh' };

  it.skipIf(!isRoot)('becomes another user, with its groups and without capabilities', async () => {
    const script = 'id -u; id -g; id -G; grep -E "^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)" /proc/self/status';
    const none = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']
      .map((set) => `${set}:\t${'0'.repeat(16)}\n`)
      .join('');
    const { output } = await launch({ user, command: ['sh', '-c', script] }, start);
    expect(output).toBe(`4321\n1234\n1234 77\n${none}NoNewPrivs:\t0\n`);
    const alone = await launch({ user: { ...user, groups: [] }, command: ['id', '-G'] }, start);
    expect(alone.output).toBe('1234\n');
  });

  it.skipIf(!isRoot)(
    'starts nothing as root that the environment or the directory of the target names',
    async () => {
      const tree = makeTree();
      for (const name of ['setpriv', 'env', 'sh', 'id']) {
        writeFileSync(join(tree, name), `#!/bin/bash\necho planted ${name} $(/usr/bin/id -u)\n`, {
          mode: 0o755,
        });
      }
      chmodSync(tree, 0o755);
      for (const path of [tree, '.', '', `:${tree}`]) {
        const env = new TargetEnvironment([`PATH=${path}`, `BASH_ENV=${tree}/setpriv`, `ENV=${tree}/sh`]);
        const { output } = await launch({ user, env, cwd: tree, command: ['id'] }, start);
        expect(output).toMatch(/^planted setpriv 4321\nplanted id 4321\n$/);
      }
    },
  );

  it('sets no_new_privs', async () => {
    const { output } = await launch(
      { noNewPrivs: true, command: ['grep', 'NoNewPrivs', '/proc/self/status'] },
      start,
    );
    expect(output).toBe('NoNewPrivs:\t1\n');
  });

  it('can end it by a signal, and does nothing after its end', async () => {
    const target = await start({ ...REQUEST, command: ['sleep', '60'] });
    expect(target.startedBy).toBe(way === 'a shell' ? 'shell' : 'stub');
    target.kill('SIGINT');
    expect(await target.ended).toEqual({ signal: 'SIGINT' });
    expect(() => target.kill('SIGINT')).not.toThrow();
  });
});

describe('launchTarget', () => {
  it('does not run the command if joining failed, and reports it', async () => {
    const files = { joinFiles: ['/nowhere/cgroup.procs'], command: ['echo', 'ran'] };
    await expect(launch(files)).rejects.toThrow(
      expect.objectContaining({
        exitCode: 125,
        message: 'the target could not join /nowhere/cgroup.procs: no such file or directory',
      }),
    );
  });

  it('passes bytes, in arguments and variables of any name, and in the path of the command', async () => {
    const tree = makeTree();
    const file = `${bytesOf(tree)}/caf\xe9`;
    symlinkSync('/usr/bin/env', Buffer.from(file, 'latin1'));
    const variables = [
      'cluster.name=x',
      'BASH_FUNC_f%%=() { :; }',
      'IFS=:',
      'OPTIND=abc',
      'B=\xff',
      'nameless',
    ];
    const { output } = await launch({ command: [file, 'A=\xe9'], env: new TargetEnvironment(variables) });
    expect(output.trim().split('\n')).toEqual([...variables, 'A=\xe9']);
  });

  it('passes more arguments than a pipe can buffer', async () => {
    const words = Array.from({ length: 100_000 }, (_, at) => String(at));
    const { output } = await launch({ command: ['sh', '-c', 'echo $#', 'sh', ...words] });
    expect(output).toBe('100000\n');
  });

  it('sets signals and the limit of open files', async () => {
    const state = withInherited({
      ignoredSignals: 1n | (1n << 39n),
      openFiles: { soft: 99n, hard: 999n },
    });
    const masks = await launch({ ...state, command: ['grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status'] });
    expect(masks.output).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000008000000001\n');
    const limits = await launch({ ...state, command: ['sh', '-c', 'ulimit -Sn; ulimit -Hn'] });
    expect(limits.output).toBe('99\n999\n');
  });

  it('hides our descriptors from the target', async () => {
    const command = ['sh', '-c', 'for fd in 0 1 2 3 4 5 6 7; do test -e /proc/$$/fd/$fd && echo $fd; done'];
    const { output } = await launch({ command });
    expect(output).toBe('0\n1\n2\n');
  });

  it('replaces our pid by that of the target in the variables of systemd', async () => {
    const ours = [
      `LISTEN_PID=${process.pid}`,
      'LISTEN_FDS=1',
      'LISTEN_PIDFDID=7',
      `WATCHDOG_PID=${process.pid}`,
    ];
    const env = new TargetEnvironment(['A=1', ...ours, 'SYSTEMD_EXEC_PID=1', `B=${process.pid}`]);
    const { pid, output } = await launch({ env, command: ['/bin/cat', '/proc/self/environ'] });
    const expected = [
      'A=1',
      `LISTEN_PID=${pid}`,
      'LISTEN_FDS=1',
      `WATCHDOG_PID=${pid}`,
      'SYSTEMD_EXEC_PID=1',
    ];
    expect(output).toBe([...expected, `B=${process.pid}`, ''].join('\0'));
  });

  it('reports the end by a real-time signal', async () => {
    const { exit } = await launch({ command: ['bash', '-c', 'kill -35 $$'] });
    expect(exit).toEqual({ signal: 'SIGRTMIN+1' });
  });

  it('notices the end without a signal, and that of the stub', async () => {
    const before = process.listeners('SIGCHLD');
    const target = await launchTarget({ ...REQUEST, command: ['sleep', '60'] });
    for (const listener of process.listeners('SIGCHLD')) {
      if (!before.includes(listener)) process.off('SIGCHLD', listener);
    }
    const { ppid } = readPidStat(target.pid);
    expect(ppid).not.toBe(process.pid);
    process.kill(ppid, 'SIGKILL');
    expect(await target.ended).toEqual({ signal: 'SIGKILL' });
    process.kill(target.pid, 'SIGKILL');
  });

  it('passes pipes that can be reopened', async () => {
    const target = await launchTarget({
      ...REQUEST,
      command: ['sh', '-c', 'echo out >/proc/self/fd/1; echo err >/dev/stderr'],
      stdio: ['inherit', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = target;
    expect(await Promise.all([stdout, stderr].map((end) => end && text(end)))).toEqual(['out\n', 'err\n']);
    expect(await target.ended).toEqual({ code: 0 });
  });

  it('executes a script without an interpreter by a shell, and reports a missing interpreter', async () => {
    const tree = makeTree();
    writeFileSync(join(tree, 'plain'), 'echo plain $1\n', { mode: 0o755 });
    writeFileSync(join(tree, 'bad'), '#!/no/such/interpreter -x\n', { mode: 0o755 });
    expect((await launch({ command: [join(tree, 'plain'), 'word'] })).output).toBe('plain word\n');
    const bad = join(tree, 'bad');
    await expect(launch({ command: [bad] })).rejects.toThrow(
      expect.objectContaining({
        exitCode: 126,
        message: `${bad}: the interpreter /no/such/interpreter of ${bad} does not exist`,
      }),
    );
  });

  it.skipIf(process.getuid?.() !== 0)('reports the system call that could not change the user', async () => {
    const user = { uid: 5, gid: 5, groups: [4_294_967_295], home: '/', shell: '/bin/sh' };
    await expect(launch({ user })).rejects.toMatchObject({
      exitCode: 125,
      message: 'cannot start the target as user 5: setgroups: invalid argument (EINVAL)',
    });
    const file = join(makeTree({ 'for root': '' }), 'for root');
    chmodSync(file, 0o700);
    const nobody = { ...user, groups: [], name: 'nobody' };
    await expect(launch({ user: nobody, command: [file] })).rejects.toMatchObject({
      exitCode: 126,
      message: `${file}: cannot execute ${file}: permission denied (as user nobody)`,
    });
  });

  it('reports a missing directory', async () => {
    await expect(launch({ cwd: '/nowhere', command: ['/bin/echo'] })).rejects.toThrow(
      expect.objectContaining({
        code: 'LAUNCH',
        exitCode: 125,
        message: '--cwd /nowhere: no such file or directory',
      }),
    );
  });
});

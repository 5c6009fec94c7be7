/** Cgroups of other runs, of dead ones, and those that are hard to remove. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { BINARY, cmemstat, needs, needsProgram, processesWith, record, start, testWith } from '../harness.ts';

const PIDS = '/sys/fs/cgroup/pids';

const canUnshare = (option: string) => ({
  what: `unshare ${option}`,
  has: spawnSync('unshare', [option, '--fork', 'true']).status === 0,
  expected: false,
});

testWith(
  [needs.cgroup, needs.root, canUnshare('--pid'), canUnshare('--time')],
  'runs in other pid and time namespaces keep their cgroups, and none is left',
  async () => {
    const namespaces = [
      ['--pid', '--fork', '--mount-proc'],
      ['--pid', '--fork', '--mount-proc'],
      ['--time'],
      [],
    ];
    for (let round = 0; round < 4; round += 1) {
      const runs = namespaces.map((options) => {
        const command = [process.execPath, BINARY, '--json', '--', 'sleep', '0.2'];
        const words = options.length === 0 ? command : ['unshare', ...options, ...command];
        return start(words[0] ?? '', words.slice(1), { input: '' }).ended;
      });
      for (const { status, stdout, stderr } of await Promise.all(runs)) {
        expect(status, stderr).toBe(0);
        const leaf = /"leaf":"([^"]+)"/.exec(stdout)?.[1] ?? '';
        expect(existsSync(leaf)).toBe(false);
        expect(leaf).toContain('cmemstat-');
      }
    }
  },
  120_000,
);

testWith(
  [needs.cgroup1, needs.root, { what: PIDS, has: existsSync(PIDS), expected: false }],
  'a cgroup that --pids-max needed is removed by any later run',
  async () => {
    const { start: first } = await record('--pids-max', '100', '--', 'true');
    const name = first.leaf?.split('/').at(-1) ?? '';
    // As if that run had been killed; its process has ended.
    const own = spawnSync('sed', ['-n', 's/^[0-9]*:pids://p', '/proc/self/cgroup'], { encoding: 'utf8' });
    const stale = join(PIDS, own.stdout.trim(), name);
    mkdirSync(stale);
    onTestFinished(() => {
      if (existsSync(stale)) rmdirSync(stale);
    });
    expect((await cmemstat('-q', '--', 'true')).status).toBe(0);
    expect(existsSync(stale)).toBe(false);
  },
);

testWith(
  [needs.cgroup, needs.root, needsProgram('python3')],
  'processes in nested cgroups with any name and any depth are ended, and the cgroups removed',
  async () => {
    // Steps into each cgroup, as its path is too long for the kernel.
    const program = `
import os, sys, subprocess
quiet = subprocess.DEVNULL
start = lambda: str(subprocess.Popen(['sleep', '4711.0816'], stdout=quiet, stderr=quiet).pid)
os.chdir(sys.argv[1].encode())
os.mkdir(b'bad\\xff\\xfename')
open(b'bad\\xff\\xfename/cgroup.procs', 'w').write(start())
for depth in range(25):
  os.mkdir('n' * 200); os.chdir('n' * 200)
open('cgroup.procs', 'w').write(start())
`;
    const run = start(process.execPath, [BINARY, '--json', '--', 'sh', '-c', 'echo; sleep 60'], {
      input: '',
    });
    await run.until(/"leaf"/);
    const leaf = /"leaf":"([^"]+)"/.exec(run.soFar())?.[1] ?? '';
    const made = spawnSync('python3', ['-c', program, leaf], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    expect(processesWith('4711.0816')).toHaveLength(2);
    run.child.kill('SIGTERM');
    expect((await run.ended).status).toBe(143);
    expect(processesWith('4711.0816')).toEqual([]);
    expect(existsSync(leaf)).toBe(false);
  },
);

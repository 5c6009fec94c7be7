/** The environment of the target: streams, directory, variables, user, limits, terminal. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { openLibc } from '#src/kernel/bpf/sys/libc.ts';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { startStub } from '#src/target/stub-process.ts';
import {
  BINARY,
  cmemstat,
  needs,
  needsProgram,
  processesWith,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { until } from '../terminal.ts';

testWithoutKernel(
  [],
  'standard input is passed through, standard output and standard error are unchanged',
  async () => {
    const outcome = await start(process.execPath, [BINARY, '-q', '--', 'sh', '-c', 'cat; echo bad >&2'], {
      input: 'a\0b\n',
    }).ended;
    expect(outcome.stdout).toBe('a\0b\n');
    expect(outcome.stderr).toMatch(/^bad\n/);
  },
);

testWithoutKernel([], 'options after -- or after the name of the command belong to the target', async () => {
  expect((await cmemstat('-q', '--', 'echo', '--json', '--', '-q')).stdout).toBe('--json -- -q\n');
  expect((await cmemstat('-q', 'echo', '--json', '--', '-q')).stdout).toBe('--json -- -q\n');
  expect((await cmemstat('--interval', '1s', '-q', 'sh', '-c', 'echo "$@"', 'x', '--help')).stdout).toBe(
    '--help\n',
  );
  // `doctor` after -- is an ordinary command.
  expect((await cmemstat('--', 'doctor')).status).toBe(127);
});

testWithoutKernel([], 'the target has the reported pid', async () => {
  const { start: first, outcome } = await record('--', 'sh', '-c', 'echo pid $$');
  expect(outcome.stderr).toContain(`pid ${first.pid}\n`);
});

testWithoutKernel([], 'applies --cwd, --env, --stdin, --stdout and --stderr', async () => {
  const input = join(scratch, 'input');
  const output = join(scratch, 'output');
  writeFileSync(input, 'from a file\n');
  const script = 'pwd; echo "$A|$B|$C"; cat; echo bad >&2';
  const env = ['--env', 'A=1', '--env', 'B=x=y', '--env', 'C='];
  const outcome = await cmemstat(
    '-q',
    '--cwd',
    '/usr',
    ...env,
    '--stdin',
    input,
    '--stdout',
    output,
    '--stderr',
    `${output}.err`,
    '--',
    'sh',
    '-c',
    script,
  );
  expect(outcome.status).toBe(0);
  expect(outcome.stdout).toBe('');
  expect(readFileSync(output, 'utf8')).toBe('/usr\n1|x=y|\nfrom a file\n');
  expect(readFileSync(`${output}.err`, 'utf8')).toBe('bad\n');
});

testWithoutKernel([], 'accepts a removed working directory', async () => {
  const gone = `mkdir ${scratch}/gone && cd ${scratch}/gone && rmdir ${scratch}/gone && exec "$@"`;
  const inGone = (...args: string[]) =>
    start('sh', ['-c', gone, 'sh', process.execPath, BINARY, ...args], { input: '' }).ended;
  const outcome = await inGone('-q', '--', 'sh', '-c', 'readlink /proc/self/cwd');
  expect(outcome).toMatchObject({ status: 0, stdout: `${scratch}/gone (deleted)\n` });
  const script = await inGone('-q', '--', './script');
  expect([script.status, script.stderr]).toEqual([127, 'cmemstat: ./script: command not found\n']);
  const file = await inGone('-q', '--stdout', 'one', '--stderr', 'two', '--', 'true');
  expect([file.status, file.stderr]).toEqual([125, 'cmemstat: --stdout one: no such file or directory\n']);
});

testWithoutKernel(
  [needs.root, needsProgram('unshare')],
  'without /sys the process tree is summed, and the command that mounts it is printed',
  async () => {
    const inTree = (...args: string[]) =>
      start(
        'unshare',
        ['-m', 'sh', '-c', 'umount -l /sys; exec "$@"', 'sh', process.execPath, BINARY, ...args],
        {
          input: '',
        },
      ).ended;
    const run = await inTree('-q', '--', 'true');
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/WARNING: no memory cgroup: .*hint: mount -t sysfs none \/sys/);
    expect(await inTree('maps', '--total')).toMatchObject({ status: 0, stderr: '' });
    const doctor = await inTree('doctor');
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toMatch(/^btf .*cannot be read.*\n *hint: mount -t sysfs none \/sys$/m);
  },
);

testWith([needs.cgroup, needs.root], '--user joins as root and drops privileges before exec', async () => {
  const script =
    'id -u; id -g; echo "$HOME $USER"; grep ^CapEff /proc/self/status; grep -c cmemstat- /proc/self/cgroup';
  const outcome = await cmemstat('-q', '--user', 'nobody', '--', 'sh', '-c', script);
  expect(outcome.stdout).toBe('65534\n65534\n/nonexistent nobody\nCapEff:\t0000000000000000\n1\n');
  const show = 'id -u; id -g; id -G; echo "$HOME $SHELL"; env | grep -c -e ^USER= -e ^LOGNAME=';
  expect((await cmemstat('-q', '--user', '4321:1234', '--', '/bin/dash', '-c', show)).stdout).toBe(
    '4321\n1234\n1234\n/ /bin/sh\n0\n',
  );
  const withHome = ['-q', '--user', '4321', '--env', 'HOME=/tmp', '--no-new-privs', '--'];
  const privileges = 'echo $HOME; grep -E "NoNewPrivs|CapInh" /proc/self/status';
  expect((await cmemstat(...withHome, 'sh', '-c', privileges)).stdout).toBe(
    '/tmp\nCapInh:\t0000000000000000\nNoNewPrivs:\t1\n',
  );
});

testWith([needs.root], 'no program but the target is found through PATH', async () => {
  const tree = join(scratch, 'planted');
  mkdirSync(tree);
  for (const name of ['setpriv', 'getent', 'id', 'ldd', 'sync', 'systemd-run', 'busctl', 'sh', 'env']) {
    writeFileSync(join(tree, name), `#!/bin/bash\necho planted >>${tree}/ran\n`, { mode: 0o755 });
  }
  for (const path of [tree, '.', '', `:${tree}`]) {
    const words = [BINARY, '-q', '--warm', '--runs', '1', '--user', '4321', '--cwd', tree, '--', '/bin/true'];
    const run = start(process.execPath, words, { env: { PATH: path } });
    expect((await run.ended).status).toBe(0);
  }
  expect(existsSync(join(tree, 'ran'))).toBe(false);
});

testWith([needs.cgroup, needs.root], 'limits are set on the leaf', async () => {
  const { samples, summary } = await record('--memory-max', '64M', '--pids-max', '10', '--', 'true');
  expect(samples[0]?.limits?.max).toBe(64 * 1024 * 1024);
  expect(summary.exit.status).toBe(0);
  const tooMany = await record(
    '--pids-max',
    '3',
    '--',
    'sh',
    '-c',
    'sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait',
  );
  expect(tooMany.outcome.stderr).toMatch(/fork/i);
  expect(tooMany.summary.processes?.max).toBeLessThanOrEqual(3);
});

testWith([needs.cgroup2, needs.root], 'sets memory.high, memory.swap.max and memory.oom.group', async () => {
  const leaf = '/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)';
  const script = `cat ${leaf}/memory.high ${leaf}/memory.swap.max ${leaf}/memory.oom.group`;
  const outcome = await cmemstat(
    '-q',
    '--memory-high',
    '1.5GiB',
    '--swap-max',
    '0',
    '--oom-group',
    '--',
    'sh',
    '-c',
    script,
  );
  expect(outcome.stdout).toBe(`${1.5 * 1024 ** 3}\n0\n1\n`);
});

testWith([needs.cgroup1], 'rejects by name what cgroup v1 lacks', async () => {
  for (const args of [['--memory-high', '1G'], ['--oom-group']]) {
    const outcome = await cmemstat(...args, '--', 'true');
    expect(outcome.status).toBe(125);
    expect(outcome.stderr).toContain(`${args[0]}: not supported by cgroup v1`);
  }
  expect((await cmemstat('--swap-max', '1G', '--', 'true')).stderr).toContain(
    '--swap-max requires --memory-max',
  );
});

testWith(
  [needs.cgroup, needs.root],
  '--inherit-limits sets the memory options of runtimes, and keeps those already set',
  async () => {
    const show = 'echo "$GOMEMLIMIT|$NODE_OPTIONS|$JAVA_TOOL_OPTIONS"';
    const inherited = await cmemstat(
      '-q',
      '-v',
      '--memory-max',
      '1000M',
      '--inherit-limits',
      '--',
      'sh',
      '-c',
      show,
    );
    const bytes = 1000 * 1024 * 1024 * 0.9;
    expect(inherited.stdout).toBe(`${bytes}B|--max-old-space-size=900|-XX:MaxRAM=${bytes}\n`);
    expect(inherited.stderr).toContain(`set GOMEMLIMIT=${bytes}B`);
    const mine = await cmemstat(
      '-q',
      '--memory-max',
      '1000M',
      '--inherit-limits',
      '--inherit-ratio',
      '0.5',
      '--env',
      'GOMEMLIMIT=7B',
      '--env',
      'NODE_OPTIONS=--max-old-space-size=5 --trace-gc',
      '--',
      'sh',
      '-c',
      show,
    );
    expect(mine.stdout).toBe(`7B|--max-old-space-size=5 --trace-gc|-XX:MaxRAM=${500 * 1024 * 1024}\n`);
    expect((await cmemstat('-q', '--inherit-limits', '--', 'sh', '-c', 'echo "[$GOMEMLIMIT]"')).stdout).toBe(
      '[]\n',
    );
  },
);

/** Runs a line in a shell on a separate pseudo-terminal, created by `script` of util-linux. */
const onTerminal = (line: string) =>
  start('script', ['-qefc', line, '/dev/null'], { env: { SHELL: '/bin/bash', TERM: 'xterm' } });

testWithoutKernel([needsProgram('script')], 'Ctrl-C at a terminal reaches the target once', async () => {
  const target = `trap 'n=$((n+1)); echo got-$n' INT; echo ready; i=0; while [ $i -lt ${20 * SLOWNESS} ]; do sleep 0.05; i=$((i+1)); done; echo total-$n; exit 4`;
  const run = onTerminal(
    `${process.execPath} ${BINARY} -q --kill-after never -- sh -c "${target.replaceAll('$', '\\$')}"`,
  );
  await run.until(/ready/);
  run.child.stdin?.write('\x03');
  await run.until(/got-1/);
  const outcome = await run.ended;
  expect(outcome.stdout).toContain('total-1');
  expect(outcome.status).toBe(4);
});

testWithoutKernel(
  [needsProgram('script')],
  'the target keeps the terminal, the foreground process group and Ctrl-Z',
  async () => {
    // What is typed while bash changes the settings of the terminal may be lost: wait for each prompt.
    const run = onTerminal("env PS1='ready> ' bash --norc -i");
    await run.until(/ready> /);
    run.child.stdin?.write(
      `${process.execPath} ${BINARY} -q -- sh -c 'test -t 0 && test -t 1 && echo terminal-yes; read x; echo line-$x; exit 6'\n`,
    );
    await run.until(/terminal-yes\r?\n/);
    run.child.stdin?.write('\x1a');
    await run.until(/Stopped.*ready> /s);
    run.child.stdin?.write('echo between; fg\n');
    await run.until(/between\r?\n/);
    // Only then does typed text reach the target.
    await until('the foreground', () =>
      processesWith('line-$x')
        .map((pid) => readPidStat(pid))
        .every(({ state, pgrp, tpgid }) => state !== 'T' && pgrp === tpgid)
        ? true
        : undefined,
    );
    run.child.stdin?.write('hello\n');
    await run.until(/line-hello/);
    run.child.stdin?.write('echo status-$?; exit 0\n');
    await run.until(/status-6/);
    await run.ended;
  },
);

/** Prints the state of a process, started with the preceding words of the command line. */
const SHOW = `
ulimit -Sn 256
cd "$1" && echo inside >$'caf\\xe9.txt' && exec 5<$'caf\\xe9.txt' 6>/dev/null && shift
run() {
  env -i PATH="$PATH" HOME="$HOME" cluster.name=x 'BASH_FUNC_f%%=() { :; }' PWD=/nowhere SHLVL=7 IFS=: OPTIND=abc _=before \\
    $'B=caf\\xe9' "$@"
}
run "$@" cat /proc/self/{environ,cmdline,limits,fdinfo/5,fdinfo/6} $'caf\\xe9.txt' ''
run "$@" ls /proc/self/fd
`;

testWithoutKernel(
  [needsProgram('bash')],
  'arguments, environment, limits and descriptors are the same as without cmemstat',
  async () => {
    const show = (...words: string[]) =>
      start('bash', ['-c', SHOW, 'bash', scratch, ...words], { input: '' }).ended;
    const without = await show();
    expect(without.stdout).toMatch(/cluster\.name=x.*Max open files +256 .*inside\n0\n1\n(?:\d+\n)*5\n6\n$/s);
    expect((await show(process.execPath, BINARY, '-q', '--')).stdout).toBe(without.stdout);
  },
);

/** As above, for what a program in front of the command can change, and what no program changes. */
const SHOW_STATE = `
umask 027
echo 100 >/proc/self/oom_score_adj
case $1 in *' INT') trap '' \${1#trap} ;; *) before=$1 ;; esac
shift
exec 9< <(echo substituted)
\${before:+$before} "$@" sh -c '
  cat <&9
  cat /proc/self/limits /proc/self/oom_score_adj /proc/self/coredump_filter
  grep -E "^(Umask|Uid|Gid|Groups|NoNewPrivs|Seccomp|Sig(Blk|Ign)|Cap|Cpus_allowed|Mems)" /proc/self/status
  ls /proc/$$/fd
  cut -d" " -f \${1:-5-8,18,19} /proc/self/stat
' sh $fields
# Otherwise bash executes the command in its own process.
true
`;

testWithoutKernel(
  [needsProgram('bash'), needsProgram('prlimit')],
  'signals, limits, priority, umask and terminal are the same as without cmemstat, after any program',
  async () => {
    // The leader of a new session is cmemstat, not the target.
    for (const [before, fields] of [
      ['trap HUP USR1 PIPE INT', ''],
      ['nohup', ''],
      ['setsid -w', '7-8,18,19'],
      ['nice -n 5', ''],
      ['prlimit --core=0 --stack=1000000:2000000', ''],
    ] as const) {
      const show = (...words: string[]) =>
        start('bash', ['-c', SHOW_STATE, 'bash', before, ...words], { env: { fields }, input: '' }).ended;
      const without = await show();
      expect(without.stdout, before).toMatch(/^substituted\n.*Umask:\s0027.*\n9\n(?:\d+\n)*[\d -]+\n$/s);
      expect((await show(BINARY, '-q', '--')).stdout, before).toBe(without.stdout);
    }
  },
);

testWithoutKernel([needsProgram('bash')], 'SIGHUP does not end a run that nohup has started', async () => {
  const script = 'trap "echo hup" HUP; echo ready; while ! [ -e $0 ]; do sleep 0.05; done';
  const file = join(scratch, 'nohup-end');
  const run = start('bash', ['-c', 'nohup "$@"', 'bash', BINARY, '-q', '--', 'bash', '-c', script, file]);
  await run.until(/ready/);
  const [pid = 0] = processesWith(BINARY).filter((each) => readPidStat(each).comm !== 'bash');
  process.kill(pid, 'SIGHUP');
  await setTimeout(300);
  writeFileSync(file, '');
  expect(await run.ended).toMatchObject({ status: 0, stdout: expect.stringContaining('ready\n') });
});

testWithoutKernel([needsProgram('make')], 'the target is a client of the job server of make', async () => {
  const makefile = join(scratch, 'jobs.mk');
  // Each of the two steps ends when the other one runs: both get a job.
  const wait = `touch $@; for i in $$(seq 200); do [ -e $(OTHER) ] && exit; sleep 0.05; done; exit 1`;
  const inner = `inner: first second\nfirst: OTHER=second\nsecond: OTHER=first\nfirst second:\n\t@cd ${scratch}; ${wait}\n`;
  writeFileSync(makefile, `outer:\n\t+@${BINARY} -q -- $(MAKE) -f ${makefile} inner\n${inner}`);
  const outcome = await start('make', ['-j2', '-f', makefile, 'outer'], { input: '' }).ended;
  expect(outcome).toMatchObject({ status: 0, stderr: expect.not.stringContaining('jobserver') });
});

testWithoutKernel(
  [needsProgram('bash')],
  'the target is the process that sockets were passed to',
  async () => {
    const activate = 'exec 3<<<socket; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"';
    const serve = '[ $LISTEN_PID = $$ ] && [ $LISTEN_FDS = 1 ] && cat <&3';
    const words = ['-c', activate, 'bash', BINARY, '-q', '--', 'bash', '-c', serve];
    expect((await start('bash', words, { input: '' }).ended).stdout).toBe('socket\n');
  },
);

testWithoutKernel([], 'NODE_OPTIONS and the IPC channel of a parent are for the target only', async () => {
  const loaded = join(scratch, 'loaded');
  const preload = join(scratch, 'preload.cjs');
  writeFileSync(preload, `require('fs').appendFileSync('${loaded}', process.argv.slice(1).join() + '\\n')`);
  const show = 'console.log(process.env.NODE_OPTIONS, require("inspector").url() !== undefined)';
  const run = async (options: string) =>
    start(BINARY, ['-q', '--', process.execPath, '-e', show], { env: { NODE_OPTIONS: options }, input: '' })
      .ended;
  for (const options of [`--require ${preload}`, '--inspect=127.0.0.1:0', '--no-such-option', '']) {
    const outcome = await run(options);
    const isKnown = options !== '--no-such-option';
    expect(outcome.stdout).toBe(isKnown ? `${options} ${options.startsWith('--inspect')}\n` : '');
    expect(outcome.status).toBe(isKnown ? 0 : 9);
    expect(outcome.stderr.match(/Debugger listening/g)?.length).toBe(
      options.startsWith('--inspect') ? 1 : undefined,
    );
    expect(outcome.stderr).toMatch(/^cmemstat: .*node -e/m);
  }
  expect(readFileSync(loaded, 'utf8')).toBe('\n');
  const reply = 'process.once("message", (n) => process.send(n + 1, () => process.disconnect()))';
  const child = spawn(BINARY, ['-q', '--', process.execPath, '-e', reply], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.send(41);
  expect(await new Promise((resolve) => child.once('message', resolve))).toBe(42);
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
});

testWithoutKernel([needsProgram('bash')], 'an exit by a real-time signal is a failure', async () => {
  const { outcome, summary } = await record('--', 'bash', '-c', 'kill -34 $$');
  expect(outcome.status).toBe(162);
  expect(summary.exit).toMatchObject({ status: 162, signal: 'SIGRTMIN' });
});

testWithoutKernel([], 'SIGUSR1 and SIGALRM are forwarded to the target, without side effects', async () => {
  const script = `trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done`;
  const run = start(process.execPath, [BINARY, '-q', '--', 'sh', '-c', script]);
  await run.until(/ready/);
  run.child.kill('SIGUSR1');
  await run.until(/usr1/);
  run.child.kill('SIGALRM');
  const outcome = await run.ended;
  expect(outcome.status).toBe(142);
  expect(outcome.stderr).toMatch(/ended by SIGALRM/);
  expect(outcome.stderr).not.toMatch(/Debugger/);
});

testWithoutKernel([needsProgram('qemu-aarch64-static')], 'the stub for arm64 starts a target', async () => {
  const stub = resolve(import.meta.dirname, '../../../src/target/stub/compiled/launch-stub-arm64');
  const emulated = join(scratch, 'emulated-stub');
  writeFileSync(emulated, `#!/bin/sh\nexec qemu-aarch64-static ${stub} "$@"\n`, { mode: 0o755 });
  const [joined, output] = [join(scratch, 'joined'), join(scratch, 'emulated-output')];
  writeFileSync(joined, '');
  const out = openSync(output, 'w');
  const show =
    'grep -E "SigIgn|NoNewPrivs" /proc/self/status; ulimit -Sn; pwd; echo "$A $LISTEN_PID"; id -u; id -G; exit 5';
  const stubProcess = startStub(
    await openLibc(),
    { path: emulated },
    {
      streams: [0, out, 2],
      kept: [],
      joinFiles: [joined],
      directory: '/usr',
      path: '/bin/sh',
      words: ['sh', '-c', show],
      variables: ['A=caf\xe9', 'PATH=/usr/bin:/bin', 'LISTEN_PID=0000000000'],
      pidVariables: [2],
      ignoredSignals: 3n,
      // The emulator ignores capabilities, but changes the user.
      user: process.getuid?.() === 0 ? { uid: 4321, gid: 1234, groups: [77] } : undefined,
      noNewPrivs: true,
      openFiles: { soft: 99n, hard: 1000n },
    },
  );
  const started = await stubProcess?.started;
  expect(await stubProcess?.ended).toEqual({ code: 5 });
  closeSync(out);
  // The emulator keeps signals above 31 for itself.
  const who = process.getuid?.() === 0 ? '4321\n1234 77' : '\\d+\n[\\d ]+';
  const state = new RegExp(
    `^SigIgn:\\t\\d{9}0{6}3\nNoNewPrivs:\\t1\n99\n/usr\ncaf\xe9 ${started?.pid}\n${who}\n$`,
  );
  expect(readFileSync(output, 'latin1')).toMatch(state);
  expect(readFileSync(joined, 'utf8')).toBe('0');
});

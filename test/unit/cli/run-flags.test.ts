import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addRunOptions, type RunFlags } from '#src/cli/options/run-flags.ts';
import { readRunOptions, toRunOptions } from '#src/cli/options/run-options.ts';
import { NO_OUTPUTS } from '../output/no-outputs.ts';

/** The options of a run, parsed from a command line. */
function parse(...args: string[]) {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addRunOptions(program);
  program.parse(args, { from: 'user' });
  return toRunOptions(program.opts<RunFlags>(), ['true']);
}

/** The same with the user looked up. */
function parseUser(user: string) {
  const program = new Command();
  addRunOptions(program);
  program.parse(['--user', user], { from: 'user' });
  return readRunOptions(program.opts<RunFlags>(), ['true']);
}

describe('JSON lines and the view', () => {
  it('cannot both use one terminal', () => {
    const flags = (...args: string[]) => {
      const program = new Command().exitOverride();
      addRunOptions(program);
      program.parse(args, { from: 'user' });
      return program.opts<RunFlags>();
    };
    const refused = () => toRunOptions(flags('--json', '--tui'), ['true'], { isStdoutTerminal: true });
    expect(refused).toThrow(/^--json and --tui cannot both write to the terminal/);
    const hintWith = (...more: string[]) => {
      try {
        toRunOptions(flags('--json', '--tui', ...more), ['true'], { isStdoutTerminal: true });
      } catch (error) {
        return (error as { hint?: string }).hint;
      }
      return 'accepted';
    };
    expect(hintWith()).toContain('--output FILE');
    expect(hintWith('--output', 'x')).toBe('omit --json, or redirect stdout');
    expect(toRunOptions(flags('--json', '--tui'), ['true'], { isStdoutTerminal: false })).toMatchObject({
      view: 'always',
    });
    expect(toRunOptions(flags('--json'), ['true'], { isStdoutTerminal: true })).toMatchObject({
      view: 'auto',
    });
    expect(toRunOptions(flags('--tui', '--output', 'x'), ['true'], { isStdoutTerminal: true })).toMatchObject(
      { view: 'always' },
    );
  });
});

describe('a run without options', () => {
  it('matches the help', () => {
    expect(parse()).toEqual({
      command: ['true'],
      intervalMs: 500,
      bpfIntervalMs: 1000,
      processIntervalMs: 2000,
      wantsDetails: false,
      explain: new Set(),
      failOnLeftover: false,
      timeoutMs: undefined,
      view: 'auto',
      exitOnEnd: false,
      cgroupParent: undefined,
      placement: undefined,
      requireCgroup: false,
      limits: {
        memoryMax: undefined,
        memoryHigh: undefined,
        swapMax: undefined,
        pidsMax: undefined,
        oomGroup: false,
      },
      inheritRatio: undefined,
      cwd: undefined,
      env: [],
      user: undefined,
      noNewPrivs: false,
      streams: { stdin: undefined, stdout: undefined, stderr: undefined },
      stdoutToStderr: false,
      wait: 'target',
      killAfterMs: 10_000,
      outputs: NO_OUTPUTS,
    });
  });

  it('requires a command', () => {
    const program = new Command();
    addRunOptions(program);
    program.parse([], { from: 'user' });
    expect(() => toRunOptions(program.opts<RunFlags>(), [])).toThrow(
      expect.objectContaining({ option: 'command', message: 'no command given' }),
    );
  });
});

describe('an option of a run', () => {
  it.each<[string[], object]>([
    [['-i', '100ms'], { intervalMs: 100 }],
    [['--interval', '1ms'], { intervalMs: 1 }],
    [['--interval', '2'], { intervalMs: 2000 }],
    [['--interval', '596h'], { intervalMs: 596 * 3_600_000 }],
    [['--bpf-interval', '0'], { bpfIntervalMs: 0 }],
    [['--process-interval', '0'], { processIntervalMs: 0 }],
    [['--process-interval', '250ms'], { processIntervalMs: 250 }],
    [['--json'], { wantsDetails: true, stdoutToStderr: true }],
    [['--output', 'run.jsonl'], { wantsDetails: true }],
    [['--bpf-interval', '0ms'], { bpfIntervalMs: 0 }],
    [['--bpf-interval', '10ms'], { bpfIntervalMs: 10 }],
    [['--json'], { outputs: { json: true } }],
    [
      ['-o', 'o.ndjson', '--summary-json', 's.json'],
      { outputs: { output: 'o.ndjson', summaryJson: 's.json' } },
    ],
    [['-q', '--bytes', '-v'], { outputs: { quiet: true, plainBytes: true, verbose: true } }],
    [['--cgroup-parent', '/jobs'], { cgroupParent: '/jobs' }],
    [['--placement', 'process-tree'], { placement: 'process-tree' }],
    [['--require', 'cgroup'], { requireCgroup: true }],
    [
      ['--memory-max', '512M', '--memory-high', 'max'],
      { limits: { memoryMax: 536_870_912, memoryHigh: 'max' } },
    ],
    [['--memory-max', '0', '--swap-max', '1.5KiB'], { limits: { memoryMax: 0, swapMax: 1536 } }],
    [['--pids-max', '64'], { limits: { pidsMax: 64 } }],
    [['--pids-max', 'max', '--oom-group'], { limits: { pidsMax: 'max', oomGroup: true } }],
    [['--inherit-limits'], { inheritRatio: 0.9 }],
    [['--inherit-limits', '--inherit-ratio', '.75'], { inheritRatio: 0.75 }],
    [['--inherit-limits', '--inherit-ratio', '1'], { inheritRatio: 1 }],
    [['--cwd', '/tmp'], { cwd: '/tmp' }],
    [
      ['--env', 'A=1', '--env', 'B=x=y', '--env', 'C='],
      {
        env: [
          ['A', '1'],
          ['B', 'x=y'],
          ['C', ''],
        ],
      },
    ],
    [
      ['--stdin', 'i', '--stdout', 'o', '--stderr', 'e'],
      { streams: { stdin: 'i', stdout: 'o', stderr: 'e' } },
    ],
    [['--wait', 'all'], { wait: 'all' }],
    [['--kill-after', 'never'], { killAfterMs: undefined }],
    [['--kill-after', '0'], { killAfterMs: 0 }],
    [['--kill-after', '2m'], { killAfterMs: 120_000 }],
  ])('reads %o as %o', (args, options) => {
    expect(parse(...args)).toMatchObject(options);
  });

  it.each([
    ['--interval', '0', 'must be at least 1ms'],
    ['--interval', '0.5ms', 'must be at least 1ms'],
    ['--interval', '597h', 'must be at most 24 days'],
    ['--interval', '9'.repeat(400), 'must be at most 24 days'],
    ['--interval', 'soon', 'not a duration'],
    ['--interval', '', 'not a duration'],
    ['--bpf-interval', '9ms', 'must be at least 10ms'],
    ['--process-interval', '9ms', 'must be at least 10ms'],
    ['--bpf-interval', '-1', 'not a duration'],
    ['--bpf-interval', '1000h', 'must be at most 24 days'],
    ['--placement', 'parent', 'expected systemd, top, own or process-tree'],
    ['--placement', '', 'expected systemd'],
    ['--require', 'cgroups', 'expected cgroup'],
    ['--wait', 'forever', 'expected target or all'],
    ['--memory-max', 'lots', 'not a size'],
    ['--memory-high', '-1', 'not a size'],
    ['--swap-max', 'none', 'not a size'],
    ['--pids-max', '-1', 'expected a number of tasks or max'],
    ['--pids-max', '1.5', 'expected a number of tasks or max'],
    ['--pids-max', '1k', 'expected a number of tasks or max'],
    ['--pids-max', '1234567890', 'expected a number of tasks or max'],
    ['--env', 'NAME', 'expected NAME=VALUE'],
    ['--env', '=value', 'expected NAME=VALUE'],
    ['--kill-after', 'soon', 'not a duration'],
  ])('%s rejects %o', (option, value, message) => {
    expect(() => parse(option, value)).toThrow(
      expect.objectContaining({ code: 'USAGE', option, message: expect.stringContaining(message) }),
    );
  });

  it.each(['0', '-0.5', '1.1', '1e-1', '1.', 'half', '', '0.0'])('--inherit-ratio rejects %o', (ratio) => {
    expect(() => parse('--inherit-limits', '--inherit-ratio', ratio)).toThrow(
      expect.objectContaining({
        option: '--inherit-ratio',
        message: expect.stringContaining('above 0 and up to 1'),
      }),
    );
  });
});

describe('--user', () => {
  const asUid = (uid: number) => vi.spyOn(process, 'getuid').mockReturnValue(uid);
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('accepts a user when we are root', async () => {
    asUid(0);
    expect((await parseUser('root')).user).toMatchObject({ uid: 0, gid: 0, name: 'root' });
  });

  it.each([
    ['of an ordinary user', 1000, 'root', 'only root can run'],
    ['with an unknown name', 0, 'nobody-of-that-name', "unknown user 'nobody-of-that-name'"],
  ])('%s is rejected', async (_, uid, user, message) => {
    asUid(uid);
    await expect(parseUser(user)).rejects.toThrow(
      expect.objectContaining({
        code: 'USAGE',
        option: '--user',
        message: expect.stringContaining(message),
      }),
    );
  });
});

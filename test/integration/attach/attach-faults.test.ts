/** Attaching and `cmemstat top` where little can be seen, or much comes and goes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { removeSubtree } from '#src/cgroup/subtree.ts';
import { STACK } from '../../stack.ts';
import {
  BINARY,
  cmemstat,
  host,
  needs,
  needsProgram,
  type Outcome,
  type Running,
  readRecording,
  start,
  testWith,
} from '../harness.ts';
import { makeMemoryCgroup, removeWhenEmpty } from '../memory-cgroup.ts';

const supported = needs.root.has && needs.cgroup.has;
const mountPoint = host.top ?? '';
const top = `/cmemstat-test-faults-${process.pid}`;
const service = `${top}/web.service`;
let held: Running | undefined;
const pid = () => String(held?.child.pid);

beforeAll(async () => {
  if (!supported) return;
  const procs = join(makeMemoryCgroup(mountPoint, service), 'cgroup.procs');
  held = start('/bin/sh', ['-c', 'echo 0 > "$0"; sleep 601 & echo ready; exec sleep 600', procs]);
  await held.until(/ready/);
});

afterAll(async () => {
  if (!supported) return;
  for (const each of readFileSync(join(mountPoint, service, 'cgroup.procs'), 'utf8').split('\n')) {
    if (each !== '') process.kill(Number(each), 'SIGKILL');
  }
  await held?.exited;
  await removeWhenEmpty(join(mountPoint, top));
});

/** Lines of a shell, with `$cmemstat` and `$nobody`, which runs a command without any rights. */
const shell = (script: string, ...flags: string[]): Promise<Outcome> => {
  const variables = [
    `cmemstat='${process.execPath} ${BINARY}'`,
    `nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'`,
  ];
  const words = [...flags, 'sh', '-c', `${variables.join('; ')}; ${script}`];
  return start('unshare', words, { input: '' }).ended;
};

describe('processes that are hidden', () => {
  const hidden = (option: string, script: string) =>
    shell(`mount -t proc -o hidepid=${option} proc /proc; ${script}`, '--mount');

  testWith(
    [needs.root, needs.cgroup, needsProgram('setpriv')],
    'are refused with the right that shows them',
    async () => {
      for (const option of ['1', '2']) {
        for (const target of [pid(), 'comm:sleep', 'no-such-thing']) {
          const { status, stderr } = await hidden(option, `exec $nobody $cmemstat attach ${target}`);
          expect(status).toBe(125);
          expect(stderr).toMatch(/no (such )?(process|cgroup).*hidepid=.*CAP_SYS_PTRACE/);
        }
      }
    },
  );

  testWith(
    [needs.root, needs.cgroup, needsProgram('setpriv')],
    'do not prevent a run, an attachment to a path, or a list of all cgroups',
    async () => {
      const commands = [
        `attach -q --timeout 500ms ${service}`,
        'top --once',
        '-q -- sh -c "sleep 0.3"',
        '--placement process-tree -q -- sleep 0.3',
      ];
      for (const command of commands) {
        const { status, stderr } = await hidden('1', `exec $nobody $cmemstat ${command}`);
        expect([command, status, stderr]).toEqual([command, 0, expect.not.stringContaining('not permitted')]);
      }
    },
  );
});

describe('without rights', () => {
  testWith(
    [needs.root, needs.cgroup, needsProgram('setpriv')],
    'the kernel is read, and what is not has a reason that names the right',
    async () => {
      const run = (command: string) => shell(`exec $nobody $cmemstat ${command}`);
      const attached = await run(`attach --no-tui --timeout 500ms ${service}`);
      expect(attached.status).toBe(0);
      expect(attached.stderr).toMatch(/current +\d/);
      expect(attached.stderr).toMatch(/bpf: not measured: .*CAP_BPF and CAP_PERFMON/);
      const listed = await run('top --once');
      expect([listed.status, listed.stderr]).toEqual([0, '']);
      expect(listed.stdout).toMatch(/^no bpf, orphaned: .*CAP_BPF and CAP_PERFMON/m);
      const explained = await run(`explain ${service}`);
      expect(explained.status).toBe(0);
      expect(explained.stdout + explained.stderr).toContain('CAP_SYS_PTRACE');
      const orphaned = await run('maps --orphaned');
      expect([orphaned.status, orphaned.stderr]).toEqual([
        125,
        expect.stringContaining('CAP_BPF and CAP_PERFMON'),
      ]);
    },
  );
});

describe('processes of other namespaces', () => {
  testWith([needs.root, needs.cgroup], 'are found from outside, and not from inside', async () => {
    const inner = start('unshare', ['--pid', '--fork', 'sh', '-c', 'echo $$; exec sleep 600'], { input: '' });
    await inner.until(/1\n/);
    const [child = ''] = readFileSync(
      `/proc/${inner.child.pid}/task/${inner.child.pid}/children`,
      'utf8',
    ).split(' ');
    try {
      const outside = await cmemstat('attach', '--json', '--timeout', '500ms', child);
      expect(outside.status).toBe(0);
    } finally {
      process.kill(Number(child), 'SIGKILL');
      await inner.ended;
    }
    const inside = await shell(`exec $cmemstat attach ${pid()}`, '--pid', '--fork', '--mount-proc');
    expect([inside.status, inside.stderr]).toEqual([125, expect.stringContaining('no such process')]);
    const type = host.mode === 'cgroup2' ? 'cgroup2' : 'cgroup -o memory';
    const mount = `mount -t tmpfs none /mnt && mkdir /mnt/own && mount -t ${type} none /mnt/own`;
    const above = await shell(`${mount} && exec $cmemstat attach ${pid()}`, '--cgroup', '--mount');
    expect([above.status, above.stderr]).toEqual([
      125,
      expect.stringContaining('outside of what is mounted'),
    ]);
  });
});

describe('a single process', () => {
  testWith(
    [needs.root, needs.cgroup],
    'and its descendants are listed with --process, with the figures of the whole cgroup',
    async () => {
      const options = ['--json', '--timeout', '1500ms', '--process-interval', '200ms'];
      const listed = async (...words: string[]) => {
        const outcome = await cmemstat('attach', ...options, ...words);
        const { lines, summary } = readRecording(outcome);
        expect(outcome.status).toBe(0);
        const pids = lines.flatMap((line) =>
          line.type === 'processes' ? line.processes.map((row) => String(row.pid)) : [],
        );
        return { pids: [...new Set(pids)].sort(), max: summary.processes?.max };
      };
      const child = readFileSync(`/proc/${pid()}/task/${pid()}/children`, 'utf8').trim();
      const both = [pid(), child].sort();
      expect(await listed(pid())).toEqual({ pids: both, max: 2 });
      expect(await listed('--process', pid())).toEqual({ pids: both, max: 2 });
      expect(await listed('--process', child)).toEqual({ pids: [child], max: 2 });
    },
  );
});

describe('cgroups', () => {
  /** All bytes that the kernel accepts: no zero, no slash and no line feed. */
  const characters = Array.from({ length: 255 }, (_, at) => at + 1).filter(
    (byte) => byte !== 10 && byte !== 47,
  );

  testWith(
    [needs.root, needs.cgroup],
    'with any character in their name are listed and attached to',
    async () => {
      const name = characters.map((code) => String.fromCharCode(code)).join('');
      // The longest name has 255 bytes.
      const parts = [name.slice(0, 127), name.slice(127)].map((part) => `n${part}`);
      for (const part of parts) {
        const path = `${top}/${part}`;
        const directory = makeMemoryCgroup(mountPoint, path);
        const attached = await cmemstat('attach', '--json', '--timeout', '300ms', path);
        expect([attached.status, readRecording(attached).start.attached?.cgroup]).toEqual([0, path]);
        const table = await cmemstat('attach', '-q', '--timeout', '300ms', path);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach the terminal
        expect(table.stderr).not.toMatch(/[\x01-\x09\x0b-\x1f\x7f-\x9f]/);
        rmdirSync(directory);
      }
      const { stdout } = await cmemstat('top', '--json', '--filter', top);
      expect(JSON.parse(stdout).cgroups.map(({ cgroup }: { cgroup: string }) => cgroup)).toContain(service);
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'with bytes that are not text are listed, and refused by name',
    async () => {
      const bytes = characters.filter((byte) => byte > 126).map((byte) => `\\x${byte.toString(16)}`);
      const directory = `${join(mountPoint, top)}/$'${bytes.join('')}'`;
      execFileSync('bash', ['-c', `mkdir ${directory}`]);
      const inside = start('bash', ['-c', `echo 0 > ${directory}/cgroup.procs; echo ready; exec sleep 600`]);
      await inside.until(/ready/);
      const listed = await cmemstat('top', '--json', '--filter', top);
      const rows: { processes: number }[] = JSON.parse(listed.stdout).cgroups;
      expect(rows.filter(({ processes }) => processes === 1)).toHaveLength(1);
      const refused = await cmemstat('attach', String(inside.child.pid));
      expect([refused.status, refused.stderr]).toEqual([
        125,
        expect.stringContaining('its name is not UTF-8'),
      ]);
      inside.child.kill('SIGKILL');
      await inside.ended;
      execFileSync('bash', ['-c', `rmdir ${directory}`]);
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'that vanish at any moment end an attachment in good order',
    async () => {
      const attempts = Array.from({ length: 24 }, async (_, at) => {
        const directory = join(mountPoint, top, `brief-${at}`);
        mkdirSync(directory);
        const attached = start(BINARY, ['attach', '-q', '--interval', '10ms', `${top}/brief-${at}`]);
        await new Promise((done) => setTimeout(done, at * 100));
        rmdirSync(directory);
        return await attached.ended;
      });
      for (const { status, stderr } of await Promise.all(attempts)) {
        if (status === 0) expect(stderr).toContain('ended as the cgroup was removed');
        else
          expect([status, stderr]).toEqual([125, expect.stringMatching(/no such cgroup|was removed before/)]);
        expect(stderr).not.toMatch(STACK);
      }
    },
    120_000,
  );

  testWith(
    [needs.root, needs.cgroup],
    'are listed and found among 5,000 others',
    async () => {
      const many = join(mountPoint, top, 'many');
      mkdirSync(many);
      if (host.mode === 'cgroup2') makeMemoryCgroup(mountPoint, `${top}/many/first`);
      for (let at = 0; at < 5000; at += 1) mkdirSync(join(many, `user-${at}.scope`));
      try {
        const { stdout } = await cmemstat('top', '--json', '--filter', `${top}/many/`);
        expect(JSON.parse(stdout).cgroups.length).toBeGreaterThanOrEqual(5000);
        const attached = await cmemstat('attach', '-q', '--timeout', '300ms', 'unit:user-4711.scope');
        expect([attached.status, attached.stderr]).toEqual([
          0,
          expect.stringContaining(`cgroup ${top}/many/user-4711.scope`),
        ]);
      } finally {
        removeSubtree(many);
      }
    },
    120_000,
  );
});

/** The placement of the leaf, and the errors and hints if it cannot be placed. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { required } from '../../required.ts';
import {
  BINARY,
  cmemstat,
  host,
  leavesOnHost,
  MIB,
  needs,
  needsProgram,
  readRecording,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
} from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';

const NOBODY = 65534;
const top = host.top ?? '';
const asNobody = `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups`;
const measure = (...args: string[]) => [process.execPath, BINARY, ...args].join(' ');
const shell = (script: string) =>
  start('bash', ['-c', script], { input: '', env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } }).ended;
const needsNoSystemd = {
  what: 'a host that systemd does not run',
  has: !existsSync('/run/systemd/system'),
  expected: false,
};

testWith(
  [needs.cgroup, needs.root, needsNoSystemd],
  'without systemd the leaf is placed at the top, and --verbose reports it',
  async () => {
    const { start: first, outcome } = await record('-v', '--', 'true');
    expect(first.placement.kind).toBe('top');
    expect(first.leaf).toMatch(new RegExp(`^${top}/cmemstat-\\d+-\\d+$`));
    expect(outcome.stderr).toContain('placement systemd: rejected: systemd is not running on this host');
    expect(outcome.stderr).toContain('placement top: used');
    expect(outcome.stderr).toContain(`cgroup: ${first.leaf}`);
    expect(existsSync(required(first.leaf))).toBe(false);
  },
);

testWith(
  [needs.cgroup, needs.root],
  '--cgroup-parent places the leaf, as a path or below the top',
  async () => {
    const parent = join(top, 'cmemstat-test-parent');
    mkdirSync(parent, { recursive: true });
    try {
      for (const name of [parent, 'cmemstat-test-parent', '/cmemstat-test-parent']) {
        const { start: first, summary } = await record('--cgroup-parent', name, '--', 'true');
        expect(first.placement.kind).toBe('parent');
        expect(first.leaf?.startsWith(`${parent}/cmemstat-`)).toBe(true);
        expect(summary.exit.status).toBe(0);
      }
      expect(readdirSync(parent).filter((name) => name.startsWith('cmemstat-'))).toEqual([]);
    } finally {
      await removeWhenEmpty(parent);
    }
  },
);

testWith(
  [needs.cgroup, needs.root],
  'a parent that cannot be used is rejected by name, with a hint',
  async () => {
    const { status, stderr } = await shell(`${asNobody} ${measure('--cgroup-parent', top, '--', 'true')}`);
    expect(status).toBe(125);
    expect(stderr).toMatch(
      /^cmemstat: --cgroup-parent .*no permission to create a cgroup in .* \(hint: .*(sudo|su -c|as root).*\n$/,
    );
  },
);

testWith(
  [needs.cgroup, needs.root, needsNoSystemd],
  'an ordinary user without delegation gets the process tree and a warning, or an error with --require cgroup',
  async () => {
    const outcome = await shell(`${asNobody} ${measure('--json', '--', 'sleep', String(SLOWNESS * 3))}`);
    const { start: first, samples, summary } = readRecording(outcome);
    expect(outcome.status).toBe(0);
    expect(first.mode).toBe('process-tree');
    expect('leaf' in first).toBe(false);
    expect(samples.some((sample) => (sample.tree?.rss ?? 0) > 500_000 && (sample.tree?.pss ?? 0) > 0)).toBe(
      true,
    );
    expect(samples.every((sample) => sample.current === undefined && sample.stat === undefined)).toBe(true);
    expect(summary.peak?.source).toBe('sampled');
    expect(outcome.stderr).toMatch(
      /^cmemstat: WARNING: no memory cgroup: .*no permission to create.*hint: .*(sudo|su -c|as root)/m,
    );
    const required = await shell(`${asNobody} ${measure('--require', 'cgroup', '--', 'true')}`);
    expect(required.status).toBe(125);
    expect(required.stderr).toMatch(/^cmemstat: --require cgroup: no memory cgroup is available/);
    expect((await shell(`${asNobody} ${measure('doctor')}`)).status).toBe(1);
  },
);

testWith(
  [needs.root, needsNoSystemd],
  'unreadable BPF memory is absent with a reason, once, and never zero',
  async () => {
    const { samples, summary, events } = readRecording(
      await shell(
        `${asNobody} ${measure('--json', '--interval', '100ms', '--bpf-interval', '100ms', '--', 'sleep', String(SLOWNESS * 2))}`,
      ),
    );
    expect(samples.every((sample) => sample.bpf === undefined)).toBe(true);
    expect(summary.bpf?.unavailable).toMatch(/CAP_SYS_ADMIN|BPF/);
    expect(summary.bpf?.last).toBeUndefined();
    expect(events.filter(({ event }) => event === 'warning').length).toBe(1);
  },
);

testWith(
  [needs.cgroup, needs.root, needsProgram('unshare')],
  'a read-only hierarchy is reported with a hint',
  async () => {
    const outcome = await shell(
      `unshare -m sh -c 'mount -o remount,bind,ro ${top} && exec ${measure('-v', '-q', '--placement', 'top', '--', 'true')}'`,
    );
    expect(outcome.status).toBe(125);
    const hint = /is mounted read-only \(hint: (.*)\)/.exec(outcome.stderr)?.[1] ?? 'no hint';
    const after = await shell(
      `unshare -m sh -c 'mount -o remount,bind,ro ${top} && ${hint} && exec ${measure('-q', '--placement', 'top', '--', 'true')}'`,
    );
    expect(after.status, `${hint}: ${after.stderr}`).toBe(0);
  },
);

testWith(
  [needs.cgroup, needs.root, needsProgram('unshare')],
  'without a mounted memory hierarchy the process tree is summed, until the hint is followed',
  async () => {
    const before = await shell(
      `unshare -m sh -c 'umount -l ${top} && exec ${measure('--json', '--', 'true')}'`,
    );
    expect(readRecording(before).start.mode).toBe('process-tree');
    const hint = /\(hint: (.*)\)/.exec(before.stderr)?.[1] ?? 'no hint';
    const after = await shell(
      `unshare -m sh -c 'umount -l ${top} && ${hint} && exec ${measure('--json', '--', 'true')}'`,
    );
    expect(readRecording(after).start.mode).toBe(host.mode);
    rmSync('/run/cmemstat-cgroup', { recursive: true, force: true });
  },
);

/** A cgroup delegated to an ordinary user, like by systemd and container engines. */
function delegate(name: string): string {
  writeFileSync(join(top, 'cgroup.subtree_control'), '+memory +pids');
  const directory = join(top, name);
  mkdirSync(directory);
  for (const file of ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'])
    chownSync(join(directory, file), NOBODY, NOBODY);
  return directory;
}

testWith(
  [needs.cgroup2, needs.root],
  'in a delegated cgroup cmemstat moves itself aside and back',
  async () => {
    const directory = delegate('delegated-1');
    try {
      // The shell is an ancestor of cmemstat in the same cgroup: it is moved too.
      const script = `echo $$ >${directory}/cgroup.procs; ${asNobody} ${measure('--json', '--placement', 'own', '--', 'sh', '-c', '"sleep 1; cat /proc/self/cgroup"')}; cat /proc/self/cgroup`;
      const outcome = await shell(script);
      const text = outcome.stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .join('\n');
      const { start: first, summary } = readRecording(outcome, text);
      expect(first.placement.kind).toBe('own');
      expect(first.leaf?.startsWith(`${directory}/cmemstat-`)).toBe(true);
      expect(summary.peak?.bytes ?? 0).toBeGreaterThan(100_000);
      expect(outcome.stderr).toMatch(/^0::\/delegated-1\/cmemstat-\d+-\d+$/m);
      expect(outcome.stdout.trimEnd().endsWith('0::/delegated-1')).toBe(true);
      expect(readdirSync(directory).filter((name) => name.startsWith('cmemstat-'))).toEqual([]);
      expect(readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8').trim()).toBe('');
    } finally {
      await removeWhenEmpty(directory);
    }
  },
);

testWith(
  [needs.cgroup2, needs.root],
  'other processes in our cgroup are reported and not moved',
  async () => {
    const directory = delegate('delegated-2');
    try {
      const script = `sleep 4545 & echo $! >${directory}/cgroup.procs; echo $$ >${directory}/cgroup.procs; ${asNobody} ${measure('--json', '-v', '--', 'true')}; status=$?; kill %1; exit $status`;
      const outcome = await shell(script);
      expect(readRecording(outcome).start.mode).toBe('process-tree');
      expect(outcome.stderr).toMatch(/the current cgroup .* contains other processes: .*\(sleep\)/);
    } finally {
      await removeWhenEmpty(directory);
    }
  },
);

testWith(
  [needs.cgroup2, needs.root],
  'two concurrent runs share the place in a delegated cgroup',
  async () => {
    const directory = delegate('delegated-3');
    try {
      const one = measure('-q', '--require', 'cgroup', '--', 'sleep', '2');
      const nested = measure(
        '-q',
        '--require',
        'cgroup',
        '--',
        'sh',
        '-c',
        `"${measure('-q', '--require', 'cgroup', '--placement', 'own', '--', 'sleep', '1')}"`,
      );
      expect((await shell(`echo $$ >${directory}/cgroup.procs; exec ${asNobody} ${one}`)).status).toBe(0);
      const outcome = await shell(`echo $$ >${directory}/cgroup.procs; exec ${asNobody} ${nested}`);
      expect(outcome.status, outcome.stderr).toBe(0);
    } finally {
      await removeWhenEmpty(directory);
    }
  },
);

testWith(
  [needs.cgroup2, needs.root, needsProgram('unshare')],
  'in a container with a cgroup namespace the visible top is our own cgroup',
  async () => {
    writeFileSync(join(top, 'cgroup.subtree_control'), '+memory +pids');
    const directory = join(top, 'container-1');
    mkdirSync(directory);
    try {
      const outside = await shell(
        `echo $$ >${directory}/cgroup.procs; exec unshare -C sh -c '${measure('--json', '--', 'true')}'`,
      );
      expect(readRecording(outside).start.mode).toBe('process-tree');
      const mount = /\(hint: (.*)\)/.exec(outside.stderr)?.[1] ?? 'no hint';
      const inside = `${mount} && exec ${measure('--json', '-v', '--', 'true')}`;
      const outcome = await shell(`echo $$ >${directory}/cgroup.procs; exec unshare -C -m sh -c '${inside}'`);
      const { start: first } = readRecording(outcome);
      expect(first.placement.kind).toBe('own');
      expect(first.mode).toBe('cgroup2');
      expect(outcome.stderr).toContain('no internal processes');
      // A second process in the container prevents the placement, until the hint is followed.
      const second = `${mount}; sleep 4546 & `;
      const crowded = `${second} ${measure('--json', '--', 'true')}; kill $!`;
      const refused = await shell(
        `echo $$ >${directory}/cgroup.procs; exec unshare -C -m sh -c '${crowded}'`,
      );
      expect(readRecording(refused).start.mode).toBe('process-tree');
      const hint = /\(hint: (.*)\)/.exec(refused.stderr)?.[1] ?? 'no hint';
      const followed = `${second} ${hint.replace('cmemstat ', `${measure('--json')} `).replace('COMMAND', 'true')}; kill $!`;
      const room = await shell(`echo $$ >${directory}/cgroup.procs; exec unshare -C -m sh -c '${followed}'`);
      expect(readRecording(room).start.mode, `${hint}: ${room.stderr}`).toBe('cgroup2');
      await removeWhenEmpty(join(directory, 'cmemstat-others'));
      rmSync('/run/cmemstat-cgroup', { recursive: true, force: true });
    } finally {
      await removeWhenEmpty(directory);
    }
  },
);

testWith(
  [needs.cgroup, needs.root],
  'doctor reports where a run would be placed, and leaves nothing behind',
  async () => {
    const before = leavesOnHost();
    const outcome = await cmemstat('doctor', '--json');
    expect(outcome.status).toBe(0);
    const diagnosis = JSON.parse(outcome.stdout) as {
      ready: boolean;
      checks: { name: string; state: string; since?: string }[];
    };
    expect(diagnosis.ready).toBe(true);
    const byName = new Map(diagnosis.checks.map((check) => [check.name, check]));
    for (const name of [
      'kernel',
      'memory controller',
      'rights',
      'placement',
      'pressure',
      'bpf access',
      'bpf charged',
      'memlock',
      'btf',
    ]) {
      expect([...byName.keys()]).toContain(name);
    }
    expect(byName.get('bpf charged')?.state).toBe(host.isAtLeast(5, 11) ? 'ok' : 'missing');
    expect(byName.get('memlock')?.state).toBe(host.isAtLeast(6, 4) ? 'ok' : 'limited');
    if (host.mode === 'cgroup2')
      expect(byName.get('peak')?.state).toBe(host.isAtLeast(5, 19) ? 'ok' : 'limited');
    expect(leavesOnHost()).toEqual(before);
    const table = await cmemstat('doctor');
    expect(table.stdout).toContain('Ready: a run gets a memory cgroup on this host.');
  },
);

testWith(
  [needs.cgroup, needs.root],
  'a hierarchy hidden by a later mount is not used, and nothing is created below that mount',
  async () => {
    const outcome = await shell(
      `exec unshare -m sh -c 'mount -t tmpfs none ${top} && ${measure('--json', '-q', '--', 'true')} && ls -A ${top} >&2'`,
    );
    expect(outcome.status).toBe(0);
    const { start: first } = readRecording(outcome);
    expect(first.mode).toBe('process-tree');
    expect(outcome.stderr).not.toMatch(/internal error|cmemstat-\d+/);
  },
);

testWith(
  [needs.cgroup, needs.root, needsNoSystemd],
  'the writable mount of a hierarchy that is mounted twice is used',
  async () => {
    const other = join(scratch, 'second mount');
    mkdirSync(other);
    const outcome = await shell(
      `exec unshare -m sh -c 'mount --bind ${top} "${other}" && mount -o remount,ro,bind ${top} && exec ${measure('--json', '--', 'true')}'`,
    );
    expect(outcome.status).toBe(0);
    const { start: first } = readRecording(outcome);
    expect(first.mode).toBe(host.mode);
    expect(first.leaf).toMatch(new RegExp(`^${other}/cmemstat-`));
    expect(leavesOnHost()).toEqual([]);
  },
);

/** Runs cmemstat with a memory limit of 160 MiB, like in the cgroup of a service or container. */
function withLimit(...args: string[]) {
  const limited = join(top, `cmemstat-test-limited-${process.pid}`);
  const file = host.mode === 'cgroup2' ? 'memory.max' : 'memory.limit_in_bytes';
  if (host.mode === 'cgroup2') writeFileSync(join(top, 'cgroup.subtree_control'), '+memory');
  mkdirSync(limited);
  writeFileSync(join(limited, file), String(160 * MIB));
  const run = shell(`echo 0 > ${limited}/cgroup.procs && exec ${measure(...args)}`);
  // Its process may still be exiting.
  return run.finally(() => removeWhenEmpty(limited));
}

testWith(
  [needs.cgroup, needs.root],
  'a run stays within the limit of its caller, unless --placement top is given',
  async () => {
    const hog = "-- sh -c 'exec dd if=/dev/zero of=/dev/null bs=300M count=1'";
    const inside = readRecording(await withLimit('--json', hog));
    expect(inside.summary.exit).toMatchObject({ signal: 'SIGKILL', oomKilled: true });
    if (host.mode === 'cgroup2') {
      expect(inside.start.placement.kind).toBe('own');
      expect(inside.start.placement.reason).toContain(
        '; below the limits of the caller: memory.max 160 MiB of ',
      );
    } else {
      expect(inside.start.placement.reason).toContain(
        '; with the limits of the caller: memory.limit_in_bytes',
      );
      expect(inside.samples[0]?.limits?.max).toBe(160 * MIB);
      expect(inside.outcome.stderr).toContain('the run gets the limits that bind cmemstat: ');
    }
    const outside = readRecording(await withLimit('--json', '--placement', 'top', hog));
    expect(outside.summary.exit.status).toBe(0);
    expect(outside.start.placement.reason).toContain('; outside the limits of the caller: ');
    const doctor = JSON.parse((await withLimit('doctor', '--json')).stdout) as {
      checks: { name: string; found: string }[];
    };
    expect(doctor.checks.find(({ name }) => name === 'limits')?.found).toMatch(/160 MiB of .*: /);
    expect(leavesOnHost()).toEqual([]);
  },
);

testWith(
  [needs.cgroup2, needs.root],
  'a limit on the number of cgroups is reported, with how to raise it',
  async () => {
    const directory = delegate('delegated-full');
    try {
      writeFileSync(join(directory, 'cgroup.max.descendants'), '0');
      const run = () => cmemstat('-q', '--cgroup-parent', directory, '--', 'true');
      const { status, stderr } = await run();
      expect([status, stderr]).toEqual([
        125,
        expect.stringMatching(
          `no cgroup can be created in ${directory}: ${directory}/cgroup.max.descendants is 0, .*hint: echo max > ${directory}/cgroup.max.descendants`,
        ),
      ]);
      await shell(/hint: (.*)\)/.exec(stderr)?.[1] ?? 'false');
      expect(await run()).toMatchObject({ status: 0 });
    } finally {
      await removeWhenEmpty(directory);
    }
  },
);

testWith([needs.cgroup2, needs.root], 'below a threaded cgroup the hint names a usable parent', async () => {
  const directory = delegate('delegated-threaded');
  const domain = join(directory, 'domain');
  const threaded = join(domain, 'threaded');
  try {
    writeFileSync(join(directory, 'cgroup.subtree_control'), '+memory');
    mkdirSync(domain);
    mkdirSync(threaded);
    writeFileSync(join(threaded, 'cgroup.type'), 'threaded');
    const { status, stderr } = await cmemstat('-q', '--cgroup-parent', threaded, '--', 'true');
    expect([status, stderr]).toEqual([125, expect.stringContaining(`hint: --cgroup-parent ${directory})`)]);
    expect(await cmemstat('-q', '--cgroup-parent', directory, '--', 'true')).toMatchObject({ status: 0 });
  } finally {
    await removeWhenEmpty(directory);
  }
});

testWith(
  [needs.cgroup2, needs.root],
  'the hint names every ancestor that does not enable the controller',
  async () => {
    const directory = delegate('delegated-off');
    const inner = join(directory, 'a/b');
    try {
      mkdirSync(inner, { recursive: true });
      const { stderr } = await cmemstat('-q', '--cgroup-parent', inner, '--', 'true');
      const hint = /hint: (.*)\)/.exec(stderr)?.[1] ?? 'false';
      expect(hint.match(/echo/g)).toHaveLength(3);
      await shell(hint);
      expect(await cmemstat('-q', '--cgroup-parent', inner, '--', 'true')).toMatchObject({ status: 0 });
    } finally {
      await removeWhenEmpty(directory);
    }
  },
);

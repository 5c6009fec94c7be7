/** Containers and pods of podman: as targets, and with cmemstat in them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { required } from '../../required.ts';
import { BINARY, cmemstat, readRecording, scratch, start, testWith } from '../harness.ts';
import { needsRootGuest, needsSystemdGuest } from '../needs-systemd.ts';

const IMAGE = 'localhost/programs';
const PROJECT = resolve(import.meta.dirname, '../../..');
/** The programs of the guest, and cmemstat. */
const FILES = ['/usr', PROJECT].flatMap((path) => ['-v', `${path}:${path}:ro`]);
const CONTAINER = ['--network', 'none', ...FILES];

function podman(...args: string[]): string {
  return execFileSync('podman', ['--storage-driver', 'vfs', ...args], { encoding: 'utf8' }).trim();
}

/** An empty image: programs are those of the guest. */
function makeImage(): void {
  const root = join(scratch, 'image');
  for (const name of ['usr', 'proc', 'sys', 'tmp', 'run', 'etc', 'dev']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  execFileSync('tar', ['-C', root, '-cf', join(scratch, 'image.tar'), '.']);
  podman('import', '--quiet', join(scratch, 'image.tar'), `${IMAGE}:latest`);
}

const ids = { cart: '', db: '' };

beforeAll(() => {
  if (!needsSystemdGuest.has) return;
  makeImage();
  const infra = ['--infra-image', IMAGE, '--infra-command', 'sleep 1000'];
  // Its containers inherit the volume.
  podman('pod', 'create', '--name', 'shop', '--network', 'none', '-v', '/usr:/usr:ro', ...infra);
  const run = ['run', '--detach', '--pod', 'shop'];
  ids.cart = podman(...run, '--name', 'cart', IMAGE, 'sleep', '1000');
  ids.db = podman('--runtime', 'runc', ...run, '--name', 'db', IMAGE, 'sleep', '1000');
}, 600_000);

afterAll(() => {
  if (needsSystemdGuest.has) podman('pod', 'rm', '--force', '--time', '0', 'shop');
}, 600_000);

describe('podman', () => {
  testWith([needsSystemdGuest], 'pods and containers are found by name, and are rows', async () => {
    const pod = readRecording(await cmemstat('attach', '--json', '--timeout', '500ms', 'pod:shop'));
    expect(pod.start.attached).toMatchObject({ owner: { kind: 'pod', runtime: 'podman' } });
    const names = pod.samples.at(-1)?.containers?.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['cart', 'db']));
    const db = readRecording(await cmemstat('attach', '--json', '--timeout', '200ms', 'container:db'));
    expect(db.start.attached?.cgroup).toContain(`libpod-${ids.db}`);
    const { stdout } = await cmemstat('top', '--json', '--filter', '*libpod*');
    const rows: { name: string; owner?: { kind: string } }[] = JSON.parse(stdout).cgroups;
    const shown = rows.map(({ name }) => name);
    expect(shown).toEqual(expect.arrayContaining(['shop', 'cart', 'db']));
  });

  testWith([needsSystemdGuest], 'a container that is restarted is followed by its name', async () => {
    const file = join(scratch, 'container.jsonl');
    const attached = start(process.execPath, [
      ...[BINARY, 'attach', '--no-tui', '--interval', '200ms', '--output', file, 'container:cart'],
    ]);
    await attached.until(/current/);
    podman('restart', '--time', '0', 'cart');
    await attached.until(/followed: [\s\S]*\n +\d+\S*s +\d/);
    attached.child.kill('SIGINT');
    const outcome = await attached.ended;
    expect(outcome.status, outcome.stderr).toBe(0);
    const { events, summary } = readRecording(outcome, readFileSync(file, 'utf8'));
    expect(events.map(({ event }) => event)).toContain('followed');
    expect(summary.restarts?.cgroups).toHaveLength(2);
  });
});

/** Runs a shell in a new container; `$cmemstat` runs cmemstat. */
function inContainer(script: string, ...options: string[]) {
  const words = ['run', '--rm', ...CONTAINER, ...options, IMAGE];
  const variable = `cmemstat='${process.execPath} ${BINARY}'`;
  return start('podman', ['--storage-driver', 'vfs', ...words, 'sh', '-c', `${variable}; ${script}`], {
    input: '',
  }).ended;
}

const measure = '$cmemstat --json -- true';
const hintIn = (text: string): string => required(/\(hint: (.*)\)$/m.exec(text)?.[1]);

describe('in a container of podman', () => {
  testWith([needsSystemdGuest], 'a run says how the container gets a cgroup, and that is true', async () => {
    const refused = await inContainer('$cmemstat -q -- true');
    expect(refused.status).toBe(0);
    expect(refused.stderr).toContain('/sys/fs/cgroup is mounted read-only');
    const hint = hintIn(refused.stderr);
    const privileged = required(/podman run (--[^,()]*[^,() ])/.exec(hint)?.[1]).split(' ');
    const followed = await inContainer(measure, ...privileged);
    expect(readRecording(followed).start.mode, followed.stderr).toBe('cgroup2');
    // Only containers of root are enough with less than --privileged.
    const unmask = /--security-opt [^ )]+/.exec(hint)?.[0].split(' ');
    expect(unmask !== undefined, hint).toBe(process.getuid?.() === 0);
    if (unmask === undefined) return;
    // A second process is in the way; the hint moves it.
    const shared = `sleep 1000 & $cmemstat -q -- true 2>&1; ${measure} >/dev/null`;
    const second = await inContainer(shared, ...unmask);
    expect(second.stdout).toContain('contains other processes');
    const move = hintIn(second.stdout)
      .replace(/cmemstat (?=--)/, '$cmemstat --json ')
      .replace('COMMAND', 'true');
    const moved = await inContainer(`sleep 1000 & ${move}`, ...unmask);
    expect(readRecording(moved).start.mode, moved.stderr).toBe('cgroup2');
  });

  testWith(
    [needsSystemdGuest, needsRootGuest],
    'with the cgroup namespace of the host, and with CAP_SYS_ADMIN, the hints are true, too',
    async () => {
      const ofHost = await inContainer('$cmemstat -q -- true', '--cgroupns=host');
      expect(hintIn(ofHost.stderr)).toContain('podman run --privileged --cgroupns=private');
      const both = await inContainer(measure, '--cgroupns=host', '--privileged');
      expect(readRecording(both).start.mode, both.stderr).toBe('cgroup2');
      const remount = `eval "$($cmemstat -q -- true 2>&1 | sed -n 's/.*(hint: \\(.*\\))$/\\1/p')"; ${measure}`;
      const remounted = await inContainer(remount, '--cap-add=SYS_ADMIN');
      expect(readRecording(remounted).start.mode, remounted.stderr).toBe('cgroup2');
    },
  );

  testWith([needsSystemdGuest], 'its own cgroup is measured, listed and explained', async () => {
    const self = await inContainer(
      '$cmemstat attach --json --timeout 200ms $$; $cmemstat top --json; $cmemstat explain --json $$',
    );
    const documents = self.stdout.trim().split(/\n(?=\{)/);
    const recorded = documents.filter((text) => text.includes('"type":'));
    const recording = readRecording(self, recorded.join('\n'));
    expect(recording.start.attached?.cgroup).toBe('/');
    expect(recording.samples.at(-1)?.stat?.anon).toBeGreaterThan(0);
    const [list = '', explanation = ''] = documents.filter((text) => !recorded.includes(text));
    expect(JSON.parse(list).cgroups).toMatchObject([{ cgroup: '/', current: expect.any(Number) }]);
    expect(JSON.parse(explanation)).toMatchObject({ cgroup: '/' });
  });

  testWith([needsSystemdGuest, needsRootGuest], 'another container is measured by its id', async () => {
    const options = ['--cgroupns=host', '--pid=host'];
    const attach = `$cmemstat attach --json --timeout 200ms container:${ids.db.slice(0, 12)}`;
    const outcome = await inContainer(attach, ...options);
    expect(readRecording(outcome).start.attached).toMatchObject({
      cgroup: expect.stringContaining(`libpod-${ids.db}`),
      owner: { kind: 'container', runtime: 'podman' },
    });
  });
});

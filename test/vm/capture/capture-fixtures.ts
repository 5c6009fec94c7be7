import { mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bootGuest } from '../guest/guest.ts';
import { runHostCommand } from '../guest/host-command.ts';
import { KERNEL_NAMES, type KernelName, prepareKernel } from '../guest/kernels.ts';
import type { CapturedScene } from './capture-scene.ts';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const FIXTURES = path.join(PROJECT, 'test/fixtures/kernel');
const SCENE = [process.execPath, '--import', 'tsx', 'test/vm/capture/capture-scene.ts'];
const SWAP_MIB = 64;
const USAGE = `usage: npm run fixtures:capture [-- ${[...KERNEL_NAMES, 'host'].join('|')}]...`;

/** The origin of a fixture in SOURCE.md. */
interface Source {
  readonly uname: string;
  readonly origin: string;
  readonly command: string;
}

async function captureGuest(name: KernelName): Promise<void> {
  const { release, packages } = await prepareKernel(name);
  const result = await bootGuest({
    kernel: name,
    command: ['sh', '-c', `uname -a && exec ${SCENE.join(' ')} v2`],
    cwd: PROJECT,
    swapMiB: SWAP_MIB,
    onStderr: (chunk) => process.stderr.write(chunk),
  });
  if (result.exitCode !== 0) throw new Error(`capturing ${name} ended with ${result.exitCode}`);
  const newline = result.stdout.indexOf('\n');
  await writeFixture(seriesOf(release), JSON.parse(result.stdout.slice(newline)) as CapturedScene, {
    uname: result.stdout.slice(0, newline),
    origin: `a virtual machine (qemu, 1 CPU, ${SWAP_MIB} MiB of zram swap) with ${packages.join(', ')}`,
    command: `npm run fixtures:capture -- ${name}`,
  });
}

async function captureHost(): Promise<void> {
  const [program = '', ...args] = SCENE;
  const output = await runHostCommand(program, [...args, 'v1'], { cwd: PROJECT });
  // The build user's name in the version string is irrelevant.
  const version = /^\d+\.\d+\.\d+/.exec(os.release())?.[0] ?? os.release();
  await writeFixture(`${seriesOf(version)}-v1`, scrub(JSON.parse(output.toString()) as CapturedScene), {
    uname: `Linux host ${version} ${os.machine()}`,
    origin: 'a host with the memory controller on cgroup v1, names of the host removed',
    command: 'npm run fixtures:capture -- host',
  });
}

/** `6.12` of `6.12.117+deb13-amd64`. */
function seriesOf(release: string): string {
  return release.split('.').slice(0, 2).join('.');
}

const HOST_ONLY = new Set(['proc/cmdline', 'proc/sys/kernel/osrelease', 'sys/kernel/notes']);
const KNOWN_MOUNT_POINTS = /^\/(?:$|proc$|sys(?:\/|$)|dev(?:\/|$))/;

/** Removes what identifies the host: mounts and cgroups that other hosts lack. */
function scrub(scene: CapturedScene): CapturedScene {
  const mountPointField = new Map([
    ['proc/mounts', 1],
    ['proc/self/mountinfo', 4],
  ]);
  const files: Record<string, string> = {};
  for (const [name, contents] of Object.entries(scene.files)) {
    if (HOST_ONLY.has(name)) continue;
    const field = mountPointField.get(name);
    if (field !== undefined) {
      files[name] = editLines(contents, (line) =>
        KNOWN_MOUNT_POINTS.test(line.split(' ')[field] ?? '') ? line : undefined,
      );
    } else if (name === 'proc/target/cgroup') {
      files[name] = editLines(contents, (line) =>
        line.replace(/:[^:]*$/, line.includes('cmemstat-fixture-') ? ':/leaf' : ':/'),
      );
    } else {
      files[name] = contents;
    }
  }
  return { files, unreadable: scene.unreadable };
}

function editLines(base64: string, edit: (line: string) => string | undefined): string {
  const lines = Buffer.from(base64, 'base64').toString().trimEnd().split('\n');
  const kept = lines.map(edit).filter((line) => line !== undefined);
  return Buffer.from(`${kept.join('\n')}\n`).toString('base64');
}

async function writeFixture(name: string, scene: CapturedScene, source: Source): Promise<void> {
  const directory = path.join(FIXTURES, name);
  await rm(directory, { recursive: true, force: true });
  const unreadable = scene.unreadable.map((file) => [file, ''] as const);
  for (const [file, contents] of [...Object.entries(scene.files), ...unreadable]) {
    const target = path.join(directory, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, Buffer.from(contents, 'base64'));
  }
  await writeFile(path.join(directory, 'SOURCE.md'), formatSource(name, scene, source));
  process.stderr.write(`captured ${path.relative(PROJECT, directory)}\n`);
}

function formatSource(name: string, scene: CapturedScene, source: Source): string {
  const isVersion2 = !name.endsWith('-v1');
  const tree = isVersion2
    ? `- \`sys/fs/cgroup/tree\` and \`tree/child\`: a limit of 16 MiB on the child, in which a process was OOM-killed. The
  tree's memory.events counts the kill, its memory.events.local does not.\n`
    : '';
  const where = isVersion2 ? 'sys/fs/cgroup/leaf' : 'sys/fs/cgroup/memory/leaf';
  return `# Kernel files of Linux ${name}
- uname: \`${source.uname}\`
- from: ${source.origin}
- made by: \`${source.command}\` (test/vm/capture/capture-scene.ts), ${new Date().toISOString().slice(0, 10)}

Paths are the kernel's own, except for \`proc/target\`, which is \`/proc/<pid>\` of the target, and \`fdinfo/map-*\`,
\`fdinfo/prog-*\` and \`fdinfo/regular-file\`, which are named after what the descriptor is.

- \`${where}\`: a limit of 96 MiB${isVersion2 ? ' and 8 MiB of swap' : ''}; the target (test/vm/capture/capture-target.mjs: a
  node with 16 MiB of anonymous memory, 4 MiB of shared memory, 64 MiB read from files${isVersion2 ? '' : ', an 8 MiB file of its own'}, BPF maps and a program)
  met the limit; another process was OOM-killed in it. \`nested\` is an empty cgroup in it.
${tree}
Write-only, so they are empty here: ${scene.unreadable.map((file) => `\`${file}\``).join(', ')}.
`;
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((each) => each !== 'host' && !KERNEL_NAMES.some((name) => name === each));
if (unknown === undefined) {
  const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
  for (const name of KERNEL_NAMES.filter(isWanted)) await captureGuest(name);
  if (isWanted('host')) await captureHost();
} else {
  process.stderr.write(`unknown: ${unknown}\n${USAGE}\n`);
  process.exitCode = 2;
}

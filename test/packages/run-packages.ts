/**
 * `npm run test:packages`: makes the packages, makes them again under other circumstances and compares them,
 * and installs and runs each one in a Debian without Node.js. Needs root. `-- --existing` takes those in
 * `out`, and compares nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describeContents } from '../../build/package/sbom.ts';
import { sourceDate, VERSION } from '../../build/package/tools.ts';
import { PROJECT } from '../paths.ts';
import { findProgram } from '../programs.ts';
import { removeTemporaryFolderAtExit } from '../temporary-folder.ts';
import { BareRoot, prepareDebian, type RootOutcome } from './bare-root.ts';
import { check, closeChecks, expect } from './checks.ts';

/** The compressed executable. Unit: bytes. */
const MAX_ARCHIVE_BYTES = 45_000_000;

const OUT = join(PROJECT, 'out');
removeTemporaryFolderAtExit();
const work = tmpdir();

function makePackages(out: string, words: readonly string[], env: NodeJS.ProcessEnv = {}, before = '') {
  const script = `${before} exec node_modules/.bin/tsx build/package/package.ts ${words.join(' ')}`;
  const child = spawn('/bin/sh', ['-c', script], {
    cwd: PROJECT,
    env: { ...process.env, CMEMSTAT_OUT: out, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`npm run package: status ${status}`)),
    );
  });
}

const readSums = (folder: string) =>
  new Map(
    readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)] as const),
  );

/** The version, the diagnosis, a run with and without `--json`, and the maps. */
function checkCommands(root: BareRoot, from: string, program = 'cmemstat'): void {
  const run = (...words: string[]): RootOutcome => {
    const outcome = root.run([program, ...words], from);
    expect(outcome.status === 0, { words, ...outcome });
    return outcome;
  };
  expect(run('--version').stdout === `${VERSION}\n`, 'cmemstat --version');
  const { stdout: diagnosis } = run('doctor');
  expect(/^memory controller +(ok|limited)/m.test(diagnosis), diagnosis);
  expect(/^bpf access +ok/m.test(diagnosis), diagnosis);
  // Its shell allocates 32 MiB, and keeps them for a second.
  const target = ['sh', '-c', 'x=$(head -c 33554432 /dev/zero | tr "\\0" x); sleep 1; : "$x"'];
  const lines = run('--json', '--interval', '100ms', '--', ...target)
    .stdout.trim()
    .split('\n');
  const summary = JSON.parse(lines.at(-1) ?? '{}');
  expect(summary.type === 'summary' && summary.exit?.code === 0, summary);
  expect(JSON.stringify(summary.maxima ?? {}).length > 2, summary);
  const samples = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'sample');
  expect(Math.max(...samples.map(({ stat }) => stat?.anon ?? 0)) >= 32 * 1024 * 1024, samples.at(-1));
  expect(Array.isArray(JSON.parse(run('maps', '--json').stdout).maps), 'cmemstat maps --json');
}

/** The view, in a terminal of tmux on this host. */
function checkView(root: BareRoot, from: string): void {
  const socket = join(work, 'tmux');
  const tmux = (...words: string[]) => spawnSync('tmux', ['-S', socket, ...words], { encoding: 'utf8' });
  const command = root.command(['cmemstat', '--', 'sleep', '60'], from);
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', ...command);
  try {
    let screen = '';
    for (const end = Date.now() + 60_000; Date.now() < end && !/running[\s\S]*1 Breakdown/.test(screen); ) {
      spawnSync('sleep', ['0.2']);
      screen = tmux('capture-pane', '-p').stdout;
    }
    expect(/running .* sleep 60[\s\S]*1 Breakdown/.test(screen), screen);
    tmux('send-keys', 'q');
    // The question what becomes of the target.
    tmux('send-keys', 's');
    for (const end = Date.now() + 30_000; Date.now() < end && tmux('has-session').status === 0; ) {
      spawnSync('sleep', ['0.2']);
    }
    expect(tmux('has-session').status !== 0, tmux('capture-pane', '-p').stdout);
  } finally {
    tmux('kill-server');
  }
}

/** The root file system of an image, from its layers. */
function unpackImage(arch: string): string {
  const layout = join(work, `layout-${arch}`);
  const root = join(work, `image-${arch}`);
  for (const folder of [layout, root]) mkdirSync(folder);
  const untar = (file: string, folder: string) =>
    expect(spawnSync('tar', ['-xf', file, '-C', folder]).status === 0, `tar -xf ${file}`);
  untar(join(OUT, `cmemstat-${VERSION}-oci-${arch}.tar`), layout);
  const read = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(read(index.manifests[0].digest), 'utf8'));
  for (const { digest } of manifest.layers) untar(read(digest), root);
  return root;
}

/** Whether a document is valid by the schema of CycloneDX 1.6. */
function checkSchema(file: string): void {
  const folder = join(PROJECT, 'node_modules/@cyclonedx/cyclonedx-library/res/schema');
  const schema = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  // The formats are addresses and times, which we write ourselves; the rest is checked.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ['spdx', 'jsf-0.82']) {
    ajv.addSchema(
      schema(`${name}.SNAPSHOT.schema.json`),
      `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
    );
  }
  const isValid = ajv.compile(schema('bom-1.6.SNAPSHOT.schema.json'));
  const document = JSON.parse(readFileSync(file, 'utf8'));
  expect(isValid(document) === true, isValid.errors);
  expect(
    isValid({ ...document, components: [{ name: 'no type' }] }) === false,
    'the schema accepts anything',
  );
}

const base = join(OUT, `cmemstat-${VERSION}`);
if (!process.argv.includes('--existing')) {
  const again = join(work, 'again');
  await check('packages are made, and the same commit gives the same bytes', async () => {
    const other = { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' };
    // At the same time, as each mostly uses one processor.
    await Promise.all([makePackages(OUT, []), makePackages(again, ['x64'], other, 'umask 077;')]);
    const [first, second] = [readSums(OUT), readSums(again)];
    // That of all architectures has more components.
    const names = [...second.keys()].filter((name) => !name.endsWith('.cdx.json'));
    expect(names.length === 5, names);
    for (const name of names) expect(first.get(name) === second.get(name), `${name} differs`);
  });
  rmSync(again, { recursive: true, force: true });
}
await check('the bill of materials is the same again', () => {
  const again = join(work, 'materials');
  mkdirSync(again);
  for (const arch of ['x64', 'arm64']) {
    const name = `cmemstat-${VERSION}-linux-${arch}`;
    symlinkSync(join(OUT, name), join(again, name));
  }
  describeContents(['x64', 'arm64'], { out: again, work, epoch: sourceDate() });
  const read = (folder: string) => readFileSync(join(folder, `cmemstat-${VERSION}.cdx.json`), 'utf8');
  expect(read(again) === read(OUT), 'it differs');
});
await check('SHA256SUMS are those of all files', () => {
  const { status, stdout } = spawnSync('sha256sum', ['--check', 'SHA256SUMS'], {
    cwd: OUT,
    encoding: 'utf8',
  });
  expect(status === 0, stdout);
  const listed = [...readSums(OUT).keys(), 'SHA256SUMS'].toSorted();
  expect(JSON.stringify(listed) === JSON.stringify(readdirSync(OUT).toSorted()), listed);
});
await check('the bill of materials is valid', () => checkSchema(`${base}.cdx.json`));
for (const arch of ['x64', 'arm64']) {
  await check(`the executable for ${arch} has at most ${MAX_ARCHIVE_BYTES / 1e6} MB compressed`, () => {
    const { size } = statSync(`${base}-linux-${arch}.tar.gz`);
    expect(size <= MAX_ARCHIVE_BYTES, `${size} bytes`);
  });
}
const debian = await prepareDebian();
const executable = new BareRoot(debian);
await check('the executable runs in a Debian without Node.js', () => {
  expect(executable.run(['sh', '-c', 'command -v node'], OUT).status !== 0, 'it has Node.js');
  const words = ['install', '-D', `/from/cmemstat-${VERSION}-linux-x64`, '/usr/local/bin/cmemstat'];
  expect(executable.run(words, OUT).status === 0, words);
  checkCommands(executable, OUT);
  const { stdout } = executable.run(['sh', '-c', 'cd /root/.cache/cmemstat/addon && stat -c %a *'], OUT);
  expect(stdout === '600\n', stdout);
});
await check('its view is shown in tmux', () => checkView(executable, OUT));
await check('it measures runs where nothing may be executed from what it writes', () => {
  const options = { isNoexec: true };
  const run = executable.run(['cmemstat', '-q', '--', 'sh', '-c', 'exit 7'], OUT, options);
  expect(run.status === 7, run);
  const maps = executable.run(['cmemstat', 'maps'], OUT, options);
  expect(maps.status === 125 && /not mounted noexec/.test(maps.stderr), maps);
});
await check('the archive needs no place to write to', () => {
  const root = new BareRoot(debian);
  const archive = `/from/cmemstat-${VERSION}-linux-x64.tar.gz`;
  const unpacked = root.run(['tar', '-xzf', archive, '-C', '/usr/local', '--strip-components=1'], OUT);
  expect(unpacked.status === 0, unpacked);
  const maps = root.run(['cmemstat', 'maps', '--json'], OUT, { isNoexec: true });
  expect(maps.status === 0, maps);
  checkCommands(root, OUT);
  const cached = root.run(['ls', '/root/.cache/cmemstat'], OUT);
  expect(!cached.stdout.includes('addon'), cached);
  const files = ['share/man/man1/cmemstat.1.gz', 'share/zsh/site-functions/_cmemstat'];
  const licenses = ['node', 'koffi', 'blessed', 'commander', 'uplot'].map(
    (name) => `share/doc/cmemstat/licenses/${name}/LICENSE`,
  );
  const there = root.run(['sh', '-c', `cd /usr/local && cat ${[...files, ...licenses].join(' ')}`], OUT);
  expect(there.status === 0, there.stderr);
});
await check('the Debian package is installed with nodejs of Debian, and runs', async () => {
  const root = new BareRoot(await prepareDebian(['nodejs']));
  const installed = root.run(['dpkg', '-i', `/from/cmemstat_${VERSION}_amd64.deb`], OUT);
  expect(installed.status === 0, installed);
  const verified = root.run(['dpkg', '--verify', 'cmemstat'], OUT);
  expect(verified.status === 0 && verified.stdout === '', verified);
  checkCommands(root, OUT);
  checkView(root, OUT);
  expect(root.run(['dpkg', '--purge', 'cmemstat'], OUT).status === 0, 'dpkg --purge');
  expect(root.run(['ls', '/usr/lib/cmemstat'], OUT).status !== 0, '/usr/lib/cmemstat is left');
});
await check('the Debian package is refused without Node.js', () => {
  const { status, stderr } = new BareRoot(debian).run(
    ['dpkg', '-i', `/from/cmemstat_${VERSION}_amd64.deb`],
    OUT,
  );
  expect(status !== 0 && stderr.includes('depends on nodejs (>= 20)'), stderr);
});
await check('the image runs without a shell', () => {
  const root = new BareRoot(unpackImage('amd64'));
  for (const words of [['--version'], ['doctor'], ['maps', '--json'], ['top', '--once']]) {
    const outcome = root.run(['/usr/bin/cmemstat', ...words], OUT, { isNoexec: true });
    expect(outcome.status === 0, { words, ...outcome });
  }
  // The program itself is what it can measure.
  const run = root.run(['/usr/bin/cmemstat', '--', '/usr/bin/cmemstat', '--version'], OUT);
  expect(run.status === 0 && run.stdout.includes(VERSION), run);
});
await check('the image for arm64 runs in an emulator', () => {
  const qemu = findProgram('qemu-aarch64-static');
  if (qemu === undefined) throw new Error('qemu-aarch64-static is missing (hint: qemu-user-static)');
  const image = unpackImage('arm64');
  cpSync(qemu, join(image, 'qemu'), { dereference: true });
  const root = new BareRoot(image);
  const run = (...words: string[]) => root.run(['/qemu', '/usr/bin/cmemstat', ...words], OUT);
  const version = run('--version');
  expect(version.stdout === `${VERSION}\n`, version);
  const doctor = run('doctor');
  expect(/^kernel +ok/m.test(doctor.stdout), doctor);
  // The emulator does not pass bpf(2) on: koffi is loaded, and reports what the call returned.
  const maps = run('maps', '--json');
  expect(/bpf/i.test(maps.stderr + maps.stdout) && !/koffi/.test(maps.stderr), maps);
});
await check('the npm package is installed by npm, and runs', () => {
  const prefix = join(work, 'npm');
  const words = ['install', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', `${base}.tgz`];
  const { status, stderr } = spawnSync('npm', words, { encoding: 'utf8' });
  expect(status === 0, stderr);
  const program = join(prefix, 'node_modules/.bin/cmemstat');
  const run = spawnSync(program, ['-q', '--', 'sh', '-c', 'exit 7'], { encoding: 'utf8' });
  expect(run.status === 7, run);
  expect(existsSync(join(prefix, 'node_modules/cmemstat/dist/start.cjs')), 'dist/start.cjs');
});
closeChecks();

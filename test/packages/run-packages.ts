/**
 * `npm run test:packages`: makes the packages, makes them again under other circumstances and compares them,
 * and installs and runs each one in a Debian without Node.js. Needs root. `-- --existing` takes those in
 * `out`, and compares nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeContents } from '../../build/package/sbom.ts';
import { sourceDate, VERSION } from '../../build/package/tools.ts';
import { PROJECT } from '../paths.ts';
import { findProgram } from '../programs.ts';
import { removeTemporaryFolderAtExit } from '../temporary-folder.ts';
import { BareRoot, prepareDebian } from './bare-root.ts';
import { check, closeChecks, expect } from './checks.ts';
import { checkChannel, checkNodeOptions, checkSignals } from './executable-checks.ts';
import { checkSchema, unpackImage } from './package-formats.ts';
import { checkCommands, checkView } from './root-checks.ts';

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
  describeContents(['x64', 'arm64'], { out: again, epoch: sourceDate() });
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
const newRoot = (lower: string) => new BareRoot(lower, OUT);
const debian = await prepareDebian();
const executable = newRoot(debian);
await check('the executable runs in a Debian without Node.js', () => {
  expect(executable.run(['sh', '-c', 'command -v node']).status !== 0, 'it has Node.js');
  const words = ['install', '-D', `/from/cmemstat-${VERSION}-linux-x64`, '/usr/local/bin/cmemstat'];
  expect(executable.run(words).status === 0, words);
  checkCommands(executable);
  const { stdout } = executable.run(['sh', '-c', 'cd /root/.cache/cmemstat/addon && stat -c %a *']);
  expect(stdout === '600\n', stdout);
});
await check('its view is shown in tmux', () => checkView(executable));
await check('SIGUSR1 is for the target, and opens no debugger', () => checkSignals(`${base}-linux-x64`));
await check('NODE_OPTIONS is for the target, and there are no options of Node.js', () =>
  checkNodeOptions(`${base}-linux-x64`),
);
await check('the IPC channel of a parent is for the target', () => checkChannel(`${base}-linux-x64`));
await check('it measures runs where nothing may be executed from what it writes', () => {
  const options = { isNoexec: true };
  const run = executable.run(['cmemstat', '-q', '--', 'sh', '-c', 'exit 7'], options);
  expect(run.status === 7, run);
  const maps = executable.run(['cmemstat', 'maps'], options);
  expect(maps.status === 125 && /not mounted noexec/.test(maps.stderr), maps);
});
await check('the archive needs no place to write to', () => {
  const root = newRoot(debian);
  const archive = `/from/cmemstat-${VERSION}-linux-x64.tar.gz`;
  const unpacked = root.run(['tar', '-xzf', archive, '-C', '/usr/local', '--strip-components=1']);
  expect(unpacked.status === 0, unpacked);
  const maps = root.run(['cmemstat', 'maps', '--json'], { isNoexec: true });
  expect(maps.status === 0, maps);
  checkCommands(root);
  const cached = root.run(['ls', '/root/.cache/cmemstat']);
  expect(!cached.stdout.includes('addon'), cached);
  const files = ['share/man/man1/cmemstat.1.gz', 'share/zsh/site-functions/_cmemstat'];
  const licenses = ['node', 'koffi', 'blessed', 'commander', 'bcryptjs', 'uplot'].map(
    (name) => `share/doc/cmemstat/licenses/${name}/LICENSE`,
  );
  const there = root.run(['sh', '-c', `cd /usr/local && cat ${[...files, ...licenses].join(' ')}`]);
  expect(there.status === 0, there.stderr);
});
await check('the Debian package is installed with nodejs of Debian, and runs', async () => {
  const root = newRoot(await prepareDebian(['nodejs']));
  const installed = root.run(['dpkg', '-i', `/from/cmemstat_${VERSION}_amd64.deb`]);
  expect(installed.status === 0, installed);
  const verified = root.run(['dpkg', '--verify', 'cmemstat']);
  expect(verified.status === 0 && verified.stdout === '', verified);
  checkCommands(root);
  checkView(root);
  expect(root.run(['dpkg', '--purge', 'cmemstat']).status === 0, 'dpkg --purge');
  expect(root.run(['ls', '/usr/lib/cmemstat']).status !== 0, '/usr/lib/cmemstat is left');
});
await check('the Debian package is refused without Node.js', () => {
  const { status, stderr } = newRoot(debian).run(['dpkg', '-i', `/from/cmemstat_${VERSION}_amd64.deb`]);
  expect(status !== 0 && stderr.includes('depends on nodejs (>= 20)'), stderr);
});
await check('the image runs without a shell', () => {
  const root = newRoot(unpackImage(OUT, 'amd64'));
  for (const words of [['--version'], ['doctor'], ['maps', '--json'], ['top', '--once']]) {
    const outcome = root.run(['/usr/bin/cmemstat', ...words], { isNoexec: true });
    expect(outcome.status === 0, { words, ...outcome });
  }
  // The program itself is what it can measure.
  const run = root.run(['/usr/bin/cmemstat', '--', '/usr/bin/cmemstat', '--version']);
  expect(run.status === 0 && run.stdout.includes(VERSION), run);
});
await check('the image for arm64 runs in an emulator', () => {
  const qemu = findProgram('qemu-aarch64-static');
  if (qemu === undefined) throw new Error('qemu-aarch64-static is missing (hint: qemu-user-static)');
  const image = unpackImage(OUT, 'arm64');
  cpSync(qemu, join(image, 'qemu'), { dereference: true });
  const root = newRoot(image);
  const run = (...words: string[]) => root.run(['/qemu', '/usr/bin/cmemstat', ...words]);
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

// Compiles src/target/stub/launch-stub.c to the executables that are checked in, one for each architecture.
//
//   npm run build:stub              compile in place
//   npm run build:stub -- --check   compile into another directory; fail if it differs from those checked in
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../src/target/stub', import.meta.url));
const SOURCE = 'launch-stub.c';

// Another version may generate other instructions.
const CLANG_VERSION = '19.1.7';
const CLANG = 'clang-19';
const PACKAGES = 'apt-get install clang-19 lld-19 (Debian 12 and 13)';

/** By Node.js's name of the architecture. */
const TARGETS = { x64: 'x86_64-unknown-linux-gnu', arm64: 'aarch64-unknown-linux-gnu' };
// prettier-ignore
const FLAGS = [
  '-Os',
  '-std=c11',
  '-ffreestanding',
  '-fno-builtin',
  '-nostdlib',
  '-nostdinc',
  '-static',
  '-fno-pic',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fomit-frame-pointer',
  '-fno-addrsig',
  '-fno-ident',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fuse-ld=lld',
  '-Wl,-s,-n,--build-id=none,--no-rosegment,-z,noseparate-code,-z,noexecstack',
];

function fail(message) {
  process.stderr.write(`build:stub: ${message}\n`);
  process.exit(1);
}

function run(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: FOLDER,
    encoding: 'utf8',
    // No path and no flag of the machine: reproducible builds.
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  if (error?.code === 'ENOENT') fail(`${command} is not installed\nhint: ${PACKAGES}`);
  if (error) fail(`cannot run ${command}: ${error.message}`);
  if (status !== 0)
    fail(`${command} ${args.join(' ')} failed with status ${status}\n${stderr}\nhint: ${PACKAGES}`);
  return stdout;
}

function compile(output) {
  const version = / version (\d+\.\d+\.\d+)/.exec(run(CLANG, ['--version']))?.[1];
  if (version !== CLANG_VERSION) {
    fail(
      `${CLANG} is version ${version}, not ${CLANG_VERSION}\nhint: ${PACKAGES}; for another version, change CLANG_VERSION in build/build-stub.mjs and compile again`,
    );
  }
  mkdirSync(output, { recursive: true });
  for (const [name, target] of Object.entries(TARGETS)) {
    const file = join(output, `launch-stub-${name}`);
    const linker = run('sh', ['-c', 'command -v ld.lld-19 || true']).trim();
    if (linker === '') fail(`ld.lld-19 is not installed\nhint: ${PACKAGES}`);
    run(CLANG, ['-target', target, ...FLAGS, `--ld-path=${linker}`, '-o', file, SOURCE]);
    chmodSync(file, 0o755);
  }
}

const ours = join(FOLDER, 'compiled');
if (process.argv.includes('--check')) {
  const copy = mkdtempSync(join(tmpdir(), 'build-stub-'));
  try {
    compile(copy);
    for (const name of Object.keys(TARGETS).map((each) => `launch-stub-${each}`)) {
      const isEqual =
        existsSync(join(ours, name)) && readFileSync(join(ours, name)).equals(readFileSync(join(copy, name)));
      if (!isEqual)
        fail(
          `${name} is not what ${SOURCE} compiles to\nhint: npm run build:stub, and commit src/target/stub/compiled`,
        );
    }
    process.stdout.write('build:stub: the executables are what the source compiles to\n');
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
} else {
  compile(ours);
}

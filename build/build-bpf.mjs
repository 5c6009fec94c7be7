// Compiles src/kernel/bpf/programs/*.bpf.c to the objects that are checked in, for both byte orders, and
// writes their identity.
//
//   npm run build:bpf              compile in place
//   npm run build:bpf -- --check   compile into another directory; fail if it differs from those checked in
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../src/kernel/bpf/programs', import.meta.url));
const COMPILED = 'compiled';
const IDENTITY = 'identity.ts';

// Another version may generate other instructions.
const CLANG_VERSION = '19.1.7';
const CLANG = 'clang-19';
const OBJCOPY = 'llvm-objcopy-19';
const PACKAGES = 'apt-get install clang-19 llvm-19 (Debian 12 and 13)';

const TARGETS = ['bpfel', 'bpfeb'];
// v3 is supported by Linux 5.10; v4 requires 6.6.
const FLAGS = ['-O2', '-mcpu=v3', '-nostdinc', '-Wall', '-Wextra', '-Werror', '-fno-addrsig'];

function fail(message) {
  process.stderr.write(`build:bpf: ${message}\n`);
  process.exit(1);
}

function run(command, args, cwd) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    // No path and no flag of the machine: reproducible builds.
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  if (error?.code === 'ENOENT') fail(`${command} is not installed\nhint: ${PACKAGES}`);
  if (error) fail(`cannot run ${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with status ${status}\n${stderr}`);
  return stdout;
}

function requireVersion() {
  const version = / version (\d+\.\d+\.\d+)/.exec(run(CLANG, ['--version']))?.[1];
  if (version !== CLANG_VERSION) {
    fail(
      `${CLANG} is version ${version}, not ${CLANG_VERSION}\nhint: ${PACKAGES}; for another version, change CLANG_VERSION in build/build-bpf.mjs and compile again`,
    );
  }
}

function compile(directory) {
  const sources = readdirSync(directory)
    .filter((name) => name.endsWith('.bpf.c'))
    .sort();
  if (sources.length === 0) fail(`no *.bpf.c in ${directory}`);
  const output = join(directory, COMPILED);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const target of TARGETS) {
      const object = join(COMPILED, `${source.replace(/\.bpf\.c$/, '')}.${target}.o`);
      // BTF is generated from debug information, and would contain the directory and the source.
      const paths = [`-ffile-prefix-map=${directory}=bpf`, `-fdebug-compilation-dir=bpf`];
      run(
        CLANG,
        ['-target', target, ...FLAGS, '-g', ...paths, '-c', join(directory, source), '-o', object],
        directory,
      );
      // What remains is BTF, whose relocations are only for linkers.
      run(
        OBJCOPY,
        ['--strip-debug', '--remove-section=.rel.BTF', '--remove-section=.rel.BTF.ext', object],
        directory,
      );
      hash.update(readFileSync(join(directory, object)));
    }
  }
  writeFileSync(
    join(output, IDENTITY),
    `/** Made by \`npm run build:bpf\`: differs whenever one of the objects does. */\nexport const OBJECTS_IDENTITY = '${hash.digest('hex').slice(0, 16)}';\n`,
  );
}

function check() {
  const copy = mkdtempSync(join(tmpdir(), 'build-bpf-'));
  try {
    for (const name of readdirSync(SOURCES)) {
      if (/\.[ch]$/.test(name)) copyFileSync(join(SOURCES, name), join(copy, name));
    }
    compile(copy);
    const [ours, theirs] = [join(SOURCES, COMPILED), join(copy, COMPILED)];
    const names = new Set([ours, theirs].flatMap((each) => (existsSync(each) ? readdirSync(each) : [])));
    const different = [...names].filter((name) => !areEqual(join(ours, name), join(theirs, name)));
    if (different.length > 0) {
      fail(
        `not what the sources compile to: ${different.sort().join(', ')}\nhint: npm run build:bpf, and commit src/kernel/bpf/programs/${COMPILED}`,
      );
    }
    process.stdout.write(`build:bpf: ${names.size} files are what the sources compile to\n`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function areEqual(left, right) {
  return existsSync(left) && existsSync(right) && readFileSync(left).equals(readFileSync(right));
}

requireVersion();
if (process.argv.includes('--check')) check();
else compile(SOURCES);

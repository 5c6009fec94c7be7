/** The size of the package: packed, installed, and loaded by a run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

/** The limits, as in `size-budget.json`. */
export interface SizeBudget {
  packedBytes: number;
  installedBytes: number;
  /** By command line, the limit for the files loaded by its run. */
  loadedBytes: Readonly<Record<string, number>>;
}

/** A single package, or a file. */
export interface SizedItem {
  name: string;
  bytes: number;
}

/** What a command line loads. */
export interface LoadedSize {
  commandLine: string;
  /** By its first run, with empty caches. */
  files: readonly SizedItem[];
  /** Files that a later run reads compressed, which takes time at each start. */
  compressed: readonly string[];
  /** Modules of Node.js that it loads beyond those of `node -e 0`. */
  nodeModules: readonly string[];
}

/** The measured sizes. */
export interface PackageSize {
  packedBytes: number;
  /** The package itself, then its dependencies; of platform packages, only that of this platform. */
  installed: readonly SizedItem[];
  loaded: readonly LoadedSize[];
}

/** Measures the package as built last. */
export function measureSize(commandLines: readonly string[]): PackageSize {
  const { size, unpackedSize } = readPacked();
  return {
    packedBytes: size,
    installed: [{ name: 'cmemstat', bytes: unpackedSize }, ...readDependencies()],
    loaded: commandLines.map(readLoaded),
  };
}

/** One line for each exceeded limit, and for each compressed file that is loaded; none if all is well. */
export function findExcess(size: PackageSize, budget: SizeBudget): string[] {
  const rows: [what: string, bytes: number, allowed: number | undefined][] = [
    ['packed', size.packedBytes, budget.packedBytes],
    ['installed', sumOf(size.installed), budget.installedBytes],
    ...size.loaded.map(({ commandLine, files }): [string, number, number | undefined] => [
      `loaded by "cmemstat ${commandLine}"`,
      sumOf(files),
      budget.loadedBytes[commandLine],
    ]),
  ];
  const excess = rows.flatMap(([what, bytes, allowed]) =>
    allowed !== undefined && bytes <= allowed
      ? []
      : [`${what}: ${formatKilobytes(bytes)}, at most ${formatKilobytes(allowed ?? 0)} allowed`],
  );
  const compressed = size.loaded.flatMap((each) =>
    each.compressed.map(
      (name) => `loaded by "cmemstat ${each.commandLine}": ${name} (hint: HOT in build/bundle.mjs)`,
    ),
  );
  return [...excess, ...compressed];
}

/** A table of all measured sizes. */
export function renderSize(size: PackageSize, budget: SizeBudget): string {
  const row = (name: string, bytes: number, note = '') =>
    `${name.padEnd(44)}${formatKilobytes(bytes).padStart(12)}${note}`;
  const most = (bytes: number | undefined) => `   of at most ${formatKilobytes(bytes ?? 0)}`;
  return [
    row('packed', size.packedBytes, most(budget.packedBytes)),
    row('installed', sumOf(size.installed), most(budget.installedBytes)),
    ...size.installed.map(({ name, bytes }) => row(`  ${name}`, bytes)),
    ...size.loaded.flatMap(({ commandLine, files, nodeModules }) => [
      row(`loaded by "cmemstat ${commandLine}"`, sumOf(files), most(budget.loadedBytes[commandLine])),
      ...files.map(({ name, bytes }) => row(`  ${name}`, bytes)),
      `  and ${nodeModules.length} modules of Node.js ${process.versions.node}: ${nodeModules.join(', ')}`,
    ]),
  ].join('\n');
}

function sumOf(items: readonly SizedItem[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** In thousands of bytes, as npm prints sizes. */
function formatKilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

function readPacked(): { size: number; unpackedSize: number } {
  // Without scripts: the existing build is measured, and must not change meanwhile.
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout, stderr, status } = spawnSync('npm', words, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack: ${stderr}`);
  const [packed] = JSON.parse(stdout) as { size: number; unpackedSize: number }[];
  if (packed === undefined) throw new Error('npm pack names no package');
  return packed;
}

/** The packages that npm installs without development dependencies; the largest first. */
function readDependencies(): SizedItem[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .flatMap(([path, { optional }]) => {
      const folder = join(ROOT, path);
      if (existsSync(folder))
        return [{ name: path.replace(/^.*node_modules\//, ''), bytes: sizeOfFolder(folder) }];
      // A package for another platform.
      if (optional === true) return [];
      throw new Error(`${path} is not installed; hint: npm ci`);
    })
    .sort((a, b) => b.bytes - a.bytes);
}

function sizeOfFolder(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Runs a command line with empty caches, and again with full ones. */
function readLoaded(commandLine: string): LoadedSize {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-size-'));
  try {
    const { own, files } = runIn(folder, commandLine);
    // A short run does not fill the caches that depend on the kernel.
    runIn(folder, 'maps --json');
    const later = runIn(folder, commandLine);
    return {
      commandLine,
      files,
      compressed: later.files.map(({ name }) => name).filter((name) => name.endsWith('.br')),
      nodeModules: own
        .filter((name) => /^NativeModule /.test(name))
        .map((name) => name.slice('NativeModule '.length)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The modules of Node.js and the files of the package that a run loads, with its caches in this folder. */
function runIn(folder: string, commandLine: string): { own: string[]; files: SizedItem[] } {
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const words = ['--require', join(ROOT, 'build/loaded-modules.cjs'), join(ROOT, 'bin/cmemstat.js')];
  const { stderr } = spawnSync(process.execPath, [...words, ...commandLine.split(' ')], {
    encoding: 'utf8',
    // A host may have 10,000 maps.
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      LOADED_MODULES: report,
      XDG_CACHE_HOME: join(folder, 'cache'),
      NODE_OPTIONS: '',
    },
  });
  if (!existsSync(report)) throw new Error(`cmemstat ${commandLine}: ${stderr}`);
  const { own, files } = JSON.parse(readFileSync(report, 'utf8')) as {
    own: string[];
    files: { path: string; bytes: number }[];
  };
  const ofPackage = files.filter(({ path }) => path.startsWith(`${ROOT}/`));
  return { own, files: ofPackage.map(({ path, bytes }) => ({ name: path.slice(ROOT.length + 1), bytes })) };
}

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../paths.ts';

interface Entry {
  version?: string;
  hasInstallScript?: boolean;
  resolved?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

interface LockFile {
  packages: Record<string, Entry>;
}

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-lock-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readLock = (): LockFile => JSON.parse(readFileSync(resolve(PROJECT, 'package-lock.json'), 'utf8'));

/**
 * Runs the checks of `npm ci` on a lock file: offline and with an empty cache, so that only the lock file is
 * used.
 */
function dryRun(lock: LockFile): { status: number | null; stderr: string } {
  for (const name of ['package.json', '.npmrc']) copyFileSync(resolve(PROJECT, name), join(folder, name));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  const { status, stderr } = spawnSync(
    'npm',
    ['ci', '--dry-run', '--offline', '--ignore-scripts', '--cache', join(folder, 'cache')],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, stderr };
}

/**
 * Every dependency without an entry, as `package: dependency`. Source: the resolution of modules of Node.js.
 */
function missingEntries({ packages }: LockFile): string[] {
  return Object.entries(packages).flatMap(([path, entry]) => {
    const peers = Object.keys(entry.peerDependencies ?? {}).filter(
      (name) => entry.peerDependenciesMeta?.[name]?.optional !== true,
    );
    const names = [entry.dependencies, entry.devDependencies, entry.optionalDependencies].flatMap((each) =>
      Object.keys(each ?? {}),
    );
    return [...names, ...peers]
      .filter((name) => !foldersAbove(path).some((above) => `${above}node_modules/${name}` in packages))
      .map((name) => `${path === '' ? 'cmemstat' : path}: ${name}`);
  });
}

/** Where a package may find its dependencies, such as `node_modules/a/`, and the root as an empty text. */
function foldersAbove(path: string): string[] {
  const parts = path === '' ? [] : path.split('/node_modules/');
  return ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/node_modules/')}/`)];
}

describe('package-lock.json', () => {
  it('has an entry for every dependency, including those for other platforms', () => {
    expect(missingEntries(readLock())).toEqual([]);
  });

  it('is accepted by npm ci', () => {
    const { status, stderr } = dryRun(readLock());
    expect(stderr).not.toContain('npm error');
    expect(status).toBe(0);
  });

  it('names no registry: the configured one is used', () => {
    expect(Object.entries(readLock().packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual(
      [],
    );
  });

  it('has no install script that package.json does not deny', () => {
    const { allowScripts } = JSON.parse(readFileSync(resolve(PROJECT, 'package.json'), 'utf8'));
    const names = Object.entries(readLock().packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(names).toContain('koffi');
    expect(allowScripts).toEqual(Object.fromEntries(names.map((name) => [name, false])));
  });

  it('is rejected without the packages for other platforms', () => {
    const lock = readLock();
    const name = 'node_modules/@biomejs/cli-android-arm64';
    expect(lock.packages).toHaveProperty([name]);
    delete lock.packages[name];
    expect(missingEntries(lock)).toEqual(['node_modules/@biomejs/biome: @biomejs/cli-android-arm64']);
    const { status, stderr } = dryRun(lock);
    expect(stderr).toContain('Missing: @biomejs/cli-android-arm64');
    expect(status).toBe(1);
  });

  it('is rejected with another version than in package.json', () => {
    const lock = readLock();
    const commander = lock.packages['node_modules/commander'];
    if (commander !== undefined) commander.version = '1.0.0';
    const { status, stderr } = dryRun(lock);
    expect(status).toBe(1);
    // It asks the registry, which it is not allowed to, for the version that the lock file should have.
    expect(stderr).toMatch(/commander/);
  });
});

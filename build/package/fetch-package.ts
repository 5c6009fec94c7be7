/** Packages of npm that `npm ci` does not install: those for another platform, and Node.js itself. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readLockFile } from './dependencies.ts';
import { type Arch, runTool } from './tools.ts';

/** Where downloads are kept: `$CMEMSTAT_PACKAGES`, else `~/.cache/cmemstat-packages`. */
export const DOWNLOADS = process.env.CMEMSTAT_PACKAGES ?? join(homedir(), '.cache', 'cmemstat-packages');

/** A package with its checksum, as in `package-lock.json`. */
export interface PinnedPackage {
  name: string;
  version: string;
  integrity: string;
}

/**
 * The folder with the contents of a package, downloaded if it is missing.
 * @throws Error if it is not the one that is pinned.
 */
export function fetchPackage({ name, version, integrity }: PinnedPackage): string {
  const folder = join(DOWNLOADS, `${name.replaceAll('/', '-')}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(DOWNLOADS, { recursive: true });
  const part = mkdtempSync(`${folder}.part-`);
  try {
    const file = runTool('npm', [
      'pack',
      `${name}@${version}`,
      '--silent',
      '--pack-destination',
      part,
    ]).trim();
    const archive = join(part, file);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity)
      throw new Error(`${name}@${version} has the checksum ${found}, not ${integrity}`);
    mkdirSync(join(part, 'contents'));
    runTool('tar', ['-xzf', archive, '-C', join(part, 'contents'), '--strip-components=1']);
    if (!existsSync(folder)) renameSync(join(part, 'contents'), folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

/** The Node.js of the executables: the newest version with long-term support when it was pinned. */
export const RUNTIME = JSON.parse(readFileSync(join(import.meta.dirname, 'runtime.json'), 'utf8')) as {
  version: string;
  integrity: Record<Arch, string>;
};

/** The folder with the pinned Node.js for an architecture. */
export function fetchRuntime(arch: Arch): string {
  const { version, integrity } = RUNTIME;
  return fetchPackage({ name: `node-linux-${arch}`, version, integrity: integrity[arch] });
}

/** Koffi's package for an architecture, as in the lock file. */
export function lockedAddon(arch: Arch): PinnedPackage {
  const name = `@koromix/koffi-linux-${arch}`;
  const { version, integrity } = readLockFile()[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json does not name ${name}`);
  return { name, version, integrity };
}

/** The folder with koffi's package for an architecture. */
export function fetchAddon(arch: Arch): string {
  return fetchPackage(lockedAddon(arch));
}

/** The file with koffi's native part for glibc. */
export function addonFile(arch: Arch): string {
  return join(fetchAddon(arch), `linux_${arch}`, 'koffi.node');
}

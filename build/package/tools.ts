/** Programs of the builder's host, and what all packages share. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

/** The root of the checkout. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** An architecture that packages are made for, as Node.js names it. */
export type Arch = 'x64' | 'arm64';

/** As Debian and OCI images name them. */
export const DEBIAN_ARCH: Readonly<Record<Arch, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The version of cmemstat. */
export const VERSION = manifest.version;

/** The Debian packages of programs that are not part of every Debian. */
const PACKAGES: Readonly<Record<string, string>> = {
  'llvm-strip-19': 'llvm-19',
  'llvm-readelf-19': 'llvm-19',
  'dpkg-deb': 'dpkg',
  mmdebstrap: 'mmdebstrap',
};

/**
 * Runs a program and returns its standard output.
 * @throws Error with its standard error.
 */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd = ROOT, env = {}, input }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: Buffer } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    // Sorting, dates and messages do not depend on the user.
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...(input === undefined ? {} : { input }),
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new Error(`${command} is not installed (hint: the package ${PACKAGES[command] ?? command})`);
  }
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}\n${stderr}`);
  return stdout;
}

/**
 * The time of everything in the packages: that of the commit, or `SOURCE_DATE_EPOCH`. Unit: seconds.
 *
 * Source: the specification of SOURCE_DATE_EPOCH of reproducible-builds.org.
 */
export function sourceDate(): number {
  const given = process.env.SOURCE_DATE_EPOCH;
  const seconds = Number(given ?? runTool('git', ['log', '-1', '--format=%ct']).trim());
  if (!Number.isSafeInteger(seconds) || seconds < 0)
    throw new Error(`SOURCE_DATE_EPOCH=${given} cannot be a time`);
  return seconds;
}

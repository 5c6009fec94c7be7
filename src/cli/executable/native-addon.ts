/**
 * The native part of koffi, which is inside of the executable: the dynamic loader takes code from files only,
 * so that it is written into one, or found in one that is installed.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import {
  cacheDirectory,
  isPrivateDirectory,
  makePrivateDirectory,
} from '../../kernel/files/cache-directory.ts';
import { readPrivateFile, writePrivateFile } from '../../kernel/files/private-file.ts';
import { readProgramFile } from '../../kernel/files/program-files.ts';

const NAME = `koffi-${manifest.dependencies.koffi}-${process.arch}.node`;

/** Loads a shared library: `process.dlopen`. @throws Error if the file system is mounted `noexec`. */
export type LoadLibrary = (file: string) => unknown;

/** Where the file may be. */
export interface AddonPlaces {
  /** Installed with the executable; it is not written. */
  installed: string;
  /** Kept for later runs; undefined without a home directory. */
  cache: string | undefined;
  /** For a file that is removed once it is loaded; in this order. */
  temporary: readonly string[];
}

/** The places on this host. */
export function addonPlaces(executable: string = process.execPath): AddonPlaces {
  const cache = cacheDirectory();
  const { XDG_RUNTIME_DIR } = process.env;
  return {
    installed: join(dirname(executable), '../lib/cmemstat', NAME),
    cache: cache === undefined ? undefined : join(cache, 'addon'),
    temporary: [
      ...new Set([tmpdir(), '/var/tmp', '/dev/shm', ...(XDG_RUNTIME_DIR ? [XDG_RUNTIME_DIR] : []), '/run']),
    ],
  };
}

/**
 * Loads koffi. Code is only loaded from a file that has the bytes of the executable and that only this
 * user and root can change.
 * @throws Error with the code `INSTALLATION` and a hint if no place can be used.
 */
export function openAddon(): unknown {
  const bytes = readProgramFile(join(process.execPath, 'koffi.node'));
  return loadAddon(bytes, addonPlaces(), (file) => {
    const module = { exports: {} };
    process.dlopen(module, file);
    return module.exports;
  });
}

/** As `openAddon`, with these bytes, at these places. */
export function loadAddon(bytes: Buffer, places: AddonPlaces, load: LoadLibrary): unknown {
  const { installed, cache, temporary } = places;
  const attempts = [
    () => (isTrusted(installed, bytes) ? load(installed) : undefined),
    () => (cache === undefined ? undefined : load(keepFile(cache, bytes))),
    ...temporary.map((parent) => () => loadOnce(parent, bytes, load)),
  ];
  let cause: unknown;
  for (const attempt of attempts) {
    try {
      const exported = attempt();
      if (exported !== undefined) return exported;
    } catch (error) {
      // Read-only, full, mounted `noexec`, or others can write to it.
      cause = error;
    }
  }
  const tried = [cache, ...temporary].filter((place) => place !== undefined).join(', ');
  throw Object.assign(
    new Error(`no directory can hold the native part of koffi: tried ${tried}`, { cause }),
    {
      code: 'INSTALLATION',
      hint: 'set TMPDIR to a directory that is writable, private, and not mounted noexec',
    },
  );
}

/** Whether a file has these bytes, and only this user and root can change or replace it. */
function isTrusted(file: string, bytes: Buffer): boolean {
  if (!existsSync(file) || !isPrivateDirectory(dirname(file))) return false;
  return readPrivateFile(file, bytes.length, { orRoot: true })?.equals(bytes) === true;
}

/** Returns the file in the cache, which is written if it is missing or differs; removes those of others. */
function keepFile(directory: string, bytes: Buffer): string {
  makePrivateDirectory(directory);
  const file = join(directory, NAME);
  if (isTrusted(file, bytes)) return file;
  writePrivateFile(file, bytes);
  for (const other of readdirSync(directory)) {
    if (other.endsWith('.node') && other !== NAME) rmSync(join(directory, other), { force: true });
  }
  return file;
}

function loadOnce(parent: string, bytes: Buffer, load: LoadLibrary): unknown {
  const directory = mkdtempSync(join(parent, 'cmemstat-'));
  try {
    // Others can replace a directory of ours in one that has no sticky bit.
    if (!isPrivateDirectory(directory)) return undefined;
    const file = join(directory, NAME);
    writePrivateFile(file, bytes);
    return load(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

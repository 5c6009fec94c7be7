/** How the running kernel was built, for objects that ask with `__kconfig` variables. */
import { readFileSync } from 'node:fs';
import { release, version } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { errnoOf } from '../../../errors.ts';

/** How a kernel was built. */
export interface KernelConfig {
  /** `KERNEL_VERSION(major, minor, patch)`: 0x060c2a for 6.12.42. */
  readonly version: number;
  /** By name with `CONFIG_`: `y`, `m`, a number, a text in quotes. Absent where the configuration can't be read. */
  readonly options?: ReadonlyMap<string, string>;
}

/** The most that is unpacked of a configuration; they take some 300 KB. Unit: bytes. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * How the running kernel was built.
 * Source: `uname -r`; `/boot/config-$(uname -r)`, else `/proc/config.gz` (CONFIG_IKCONFIG_PROC).
 */
export function readKernelConfig(): KernelConfig {
  const text = readConfigText();
  return {
    version: parseKernelVersion(release(), version()),
    ...(text === undefined ? {} : { options: parseKernelConfig(text) }),
  };
}

/** Debian's `uname -r` stays the same from patch to patch: the whole number is in `uname -v`. */
export function parseKernelVersion(releaseText: string, versionText: string): number {
  const [, major, minor, patch] =
    /Debian (\d+)\.(\d+)\.(\d+)/.exec(versionText) ?? /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(releaseText) ?? [];
  return (Number(major ?? 0) << 16) + (Number(minor ?? 0) << 8) + Math.min(255, Number(patch ?? 0));
}

/** Lines such as `CONFIG_MEMCG=y`; what is not set is a comment. */
export function parseKernelConfig(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/^(CONFIG_\w+)=(.+)$/gm)) options.set(name, value);
  return options;
}

function readConfigText(): string | undefined {
  const plain = readIfThere(`/boot/config-${release()}`);
  if (plain !== undefined) return plain.toString('latin1');
  const packed = readIfThere('/proc/config.gz');
  if (packed === undefined) return undefined;
  return gunzipSync(packed, { maxOutputLength: MAX_CONFIG_BYTES }).toString('latin1');
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The build configuration of the running kernel, for objects with `__kconfig` variables. */
import { readFileSync } from 'node:fs';
import { release, version } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { errnoOf } from '../../../errors.ts';

/** The build configuration of a kernel. */
export interface KernelConfig {
  /** `KERNEL_VERSION(major, minor, patch)`: 0x060c2a for 6.12.42. */
  readonly version: number;
  /**
   * Keyed by name including `CONFIG_`; values are `y`, `m`, a number or a quoted string. Absent if the
   * configuration cannot be read.
   */
  readonly options?: ReadonlyMap<string, string>;
}

/** Limit of the decompressed size; a typical configuration has 300 KB. Unit: bytes. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/**
 * The build configuration of the running kernel.
 * Source: `uname -r`; `/boot/config-$(uname -r)`, else `/proc/config.gz` (CONFIG_IKCONFIG_PROC).
 * @throws Error if `/proc/config.gz` cannot be decompressed.
 */
export function readKernelConfig(): KernelConfig {
  const text = readConfigText();
  return {
    version: parseKernelVersion(release(), version()),
    ...(text === undefined ? {} : { options: parseKernelConfig(text) }),
  };
}

/**
 * Debian's `uname -r` does not change with the patch level; the full version is in `uname -v`.
 * Source: uname(2).
 */
export function parseKernelVersion(releaseText: string, versionText: string): number {
  const [, major, minor, patch] =
    /Debian (\d+)\.(\d+)\.(\d+)/.exec(versionText) ?? /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(releaseText) ?? [];
  return (Number(major ?? 0) << 16) + (Number(minor ?? 0) << 8) + Math.min(255, Number(patch ?? 0));
}

/** Lines such as `CONFIG_MEMCG=y`; unset options are comments. */
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

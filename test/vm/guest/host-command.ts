import { execFile } from 'node:child_process';
import { VmError } from './errors.ts';

/** The Debian or Ubuntu packages of the programs that the harness starts. */
const HOST_PACKAGES = 'qemu-system-x86 busybox-static mmdebstrap debian-archive-keyring xz-utils zstd';

/** The fix for a program that is missing on the host. */
export const INSTALL_HINT = `apt-get install -y --no-install-recommends ${HOST_PACKAGES}`;

/** Options of {@link runHostCommand}. */
export interface HostCommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program of the host to completion and returns its stdout.
 *
 * @throws VmError if it is not installed or exits with a status other than 0; the message has the end of its
 * stderr.
 */
export function runHostCommand(
  file: string,
  args: readonly string[],
  options: HostCommandOptions = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...args],
      { ...options, encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
        } else if ('code' in error && error.code === 'ENOENT') {
          reject(new VmError(`${file} is not installed`, { hint: INSTALL_HINT, cause: error }));
        } else {
          const tail = stderr.toString().trim().split('\n').slice(-15).join('\n');
          reject(new VmError(`${file} failed: ${tail}`, { cause: error }));
        }
      },
    );
  });
}

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { VmError } from './errors.ts';

/** Mounts a read-only share in a guest: with large messages, and cached, since it does not change. */
export const READONLY_9P = 'ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose';

/** Mounts the output share in a guest: writes are visible on the host immediately. */
export const WRITABLE_9P = 'rw,trans=virtio,version=9p2000.L,msize=512000,cache=none';

/** The path in a guest of the share with the job, its output and its exit status. */
export const RUN_SHARE = '/run/cmemstat-vm';

/**
 * The lines of an initramfs script that enable swap in compressed memory; the guest's /dev and /sys are
 * mounted.
 */
export function swapOn(swapMiB: number): string {
  if (swapMiB === 0) return '';
  const device = '/newroot/dev/zram0';
  return `echo ${swapMiB}M > /newroot/sys/block/zram0/disksize && mkswap ${device} && swapon ${device} || fail 'no swap'`;
}

/** The environment of a command in a guest besides HOME and USER. */
export function basicEnvironment(): Record<string, string> {
  return {
    PATH: `${path.dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
  };
}

/** The shell script that executes the command, in that folder and with these variables. */
export function formatJobScript(
  env: Readonly<Record<string, string>>,
  cwd: string,
  command: readonly string[],
): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return `${exports.join('')}cd ${quote(cwd)} || exit 125\nexec ${command.map(quote).join(' ')}\n`;
}

/** Quotes a word for the shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The absolute path of a folder of the host, by default the current one.
 *
 * @throws VmError if it is not a folder.
 */
export async function resolveDirectory(directory: string = process.cwd()): Promise<string> {
  const absolute = path.resolve(directory);
  if (!(await stat(absolute).catch(() => undefined))?.isDirectory()) {
    throw new VmError(`${absolute} is not a directory of the host`);
  }
  return absolute;
}

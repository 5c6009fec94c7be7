/** Directories that programs run in as if they were a host of their own, with the kernel of this one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedDirectory } from '../vm/guest/cache.ts';
import { runHostCommand } from '../vm/guest/host-command.ts';
import { MIRROR } from '../vm/guest/kernels.ts';

const SUITE = 'trixie';

/** A minimal Debian with these packages, which is made once and not changed. */
export async function prepareDebian(packages: readonly string[] = []): Promise<string> {
  const key = ['packages', SUITE, 'minbase', ...packages].join('-');
  const directory = await cachedDirectory(key, async (scratch) => {
    const words = ['--quiet', '--variant=minbase', '--mode=root'];
    if (packages.length > 0) words.push(`--include=${packages.join(',')}`);
    await runHostCommand('mmdebstrap', [...words, SUITE, join(scratch, 'root'), `${MIRROR}/debian`]);
  });
  return join(directory, 'root');
}

/** How a program ended. */
export interface RootOutcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** What is mounted differently. */
export interface RootOptions {
  /** The file systems that any user can write to, and the home directory, are mounted noexec. */
  isNoexec?: boolean;
}

/**
 * An overlay over a directory that stays unchanged; the file systems of the kernel are those of the host.
 * What is written remains in the folder for temporary files, where only root can remove it.
 */
export class BareRoot {
  readonly #lower: string;
  readonly #from: string;
  readonly #layers: string;

  /** @param from a folder of the host, which is visible as /from. */
  constructor(lower: string, from: string) {
    this.#lower = lower;
    this.#from = from;
    this.#layers = mkdtempSync(join(tmpdir(), 'bare-root-'));
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(this.#layers, name));
  }

  /** The words that run a command in it, for tmux too. */
  command(words: readonly string[], { isNoexec = false }: RootOptions = {}): string[] {
    const environment = [
      'HOME=/root',
      'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
      'TERM=xterm-256color',
      'LANG=C.UTF-8',
    ];
    const chroot = ['chroot', join(this.#layers, 'root'), ...words];
    return [
      ...['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', MOUNT_THEN_EXEC, 'sh'],
      ...[this.#lower, this.#layers, this.#from, isNoexec ? ',noexec' : ''],
      ...['env', '-i', ...environment, ...chroot],
    ];
  }

  /** Runs a command to its end. */
  run(words: readonly string[], options?: RootOptions): RootOutcome {
    const [program = '', ...rest] = this.command(words, options);
    const { status, stdout, stderr } = spawnSync(program, rest, {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      timeout: 300_000,
    });
    return { status, stdout, stderr };
  }
}

const MOUNT_THEN_EXEC = `
set -e
lower=$1 layers=$2 from=$3 noexec=$4
shift 4
root=$layers/root
mount -t overlay -o lowerdir="$lower",upperdir="$layers/upper",workdir="$layers/work" overlay "$root"
mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/var/tmp" "$root/run" "$root/root" "$root/from"
for each in proc sys dev; do mount --rbind "/$each" "$root/$each"; done
mount --bind "$from" "$root/from"
mount -t tmpfs -o "mode=1777$noexec" tmpfs "$root/tmp"
if [ "$noexec" != "" ]; then
  for each in var/tmp run dev/shm; do mount -t tmpfs -o mode=1777,noexec tmpfs "$root/$each"; done
  mount -t tmpfs -o mode=700,noexec tmpfs "$root/root"
fi
exec "$@"
`;

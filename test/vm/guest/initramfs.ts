import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { VmError } from './errors.ts';
import { INSTALL_HINT, runHostCommand } from './host-command.ts';
import { GUEST_MODULES, moduleClosure, moduleIndex, moduleName, readModule } from './kernel-modules.ts';
import type { Kernel } from './kernels.ts';
import { type ArchiveEntry, formatArchive } from './newc.ts';

/** The init prints this on the console first; a start that does not show it may be retried. */
export const INIT_REACHED = 'cmemstat-vm: init reached';

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'];

/** The input of {@link buildInitramfs}. */
export interface InitramfsContents {
  readonly kernel: Kernel;
  /** The shell script that mounts the root file system and switches to it; the modules are loaded by then. */
  readonly script: string;
}

/**
 * Builds the initramfs of a guest: a static busybox, the modules in the order of their dependencies and an
 * init.
 */
export async function buildInitramfs({ kernel, script }: InitramfsContents): Promise<Buffer> {
  const busybox = await readBusybox();
  const applets = (await runHostCommand(busybox.path, ['--list'])).toString().trim().split('\n');
  const modules = await orderedModules(kernel);
  const init = [
    '#!/bin/sh',
    `echo '${INIT_REACHED}'`,
    'export PATH=/bin',
    'fail() { echo "cmemstat-vm: $*"; poweroff -f; sleep 60; }',
    ...modules.map(({ name }) => `insmod /modules/${name}.ko || fail 'insmod ${name} failed'`),
    script,
  ].join('\n');

  const directories = ['bin', 'dev', 'modules', 'newroot', 'proc', 'sys', 'hostroot'];
  const entries: ArchiveEntry[] = [
    ...directories.map((each) => ({ kind: 'directory', path: each }) as const),
    // The kernel opens it for init's stdio before anything is mounted.
    { kind: 'character device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'character device', path: 'dev/null', major: 1, minor: 3 },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, data: busybox.data },
    ...applets
      .filter((applet) => applet !== 'busybox')
      .map((applet) => ({ kind: 'symlink', path: `bin/${applet}`, target: 'busybox' }) as const),
    ...modules.map(
      ({ name, data }) => ({ kind: 'file', path: `modules/${name}.ko`, mode: 0o644, data }) as const,
    ),
    { kind: 'file', path: 'init', mode: 0o755, data: Buffer.from(`${init}\n`) },
  ];
  return formatArchive(entries);
}

async function readBusybox(): Promise<{ path: string; data: Buffer }> {
  for (const file of BUSYBOX) {
    const data = await readFile(file).catch(() => undefined);
    // A dynamically linked one names its loader near the start of the file and cannot run without it.
    if (data !== undefined && !data.subarray(0, 4096).includes('ld-linux')) {
      return { path: file, data };
    }
  }
  throw new VmError('the guest needs a statically linked busybox', { hint: INSTALL_HINT });
}

async function orderedModules(kernel: Kernel): Promise<{ name: string; data: Buffer }[]> {
  const index = await moduleIndex([kernel.modulesDirectory]);
  const files = await moduleClosure(index, GUEST_MODULES);
  return await Promise.all(
    files.map(async (file) => ({
      name: moduleName(file) ?? path.basename(file),
      data: await readModule(file),
    })),
  );
}

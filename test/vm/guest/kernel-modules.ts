import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { VmError } from './errors.ts';
import { runHostCommand } from './host-command.ts';

/**
 * The modules that a guest needs, unless they are built in: 9p over virtio for its files, overlay for the
 * guest with systemd, zram for swap.
 */
export const GUEST_MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'zram'] as const;

const FILE_NAME = /^(.+)\.ko(?:\.(xz|zst|gz))?$/;

/** Maps the name of every module below the folders to its file. */
export async function moduleIndex(directories: readonly string[]): Promise<Map<string, string>> {
  const index = new Map<string, string>();
  for (const directory of directories) {
    for (const file of await readdir(directory, { recursive: true })) {
      const name = moduleName(file);
      if (name !== undefined) index.set(name, path.join(directory, file));
    }
  }
  return index;
}

/** The name of the module in a file such as `kernel/fs/9p/9p.ko.xz`, or undefined if it is not a module. */
export function moduleName(file: string): string | undefined {
  // The file name may have dashes in place of the underscores of the module's name.
  return FILE_NAME.exec(path.basename(file))?.[1]?.replaceAll('-', '_');
}

/**
 * The files of the named modules and of their dependencies, in loading order.
 * A module without a file is built into the kernel and omitted.
 */
export async function moduleClosure(
  index: ReadonlyMap<string, string>,
  names: readonly string[],
): Promise<string[]> {
  const ordered = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    const file = index.get(name);
    if (file === undefined || ordered.has(file)) return;
    for (const dependency of moduleDependencies(await readModule(file))) await visit(dependency);
    ordered.add(file);
  };
  for (const name of names) await visit(name);
  return [...ordered];
}

/** The module's ELF file, unpacked. */
export async function readModule(file: string): Promise<Buffer> {
  switch (FILE_NAME.exec(path.basename(file))?.[2]) {
    case 'xz':
      return await runHostCommand('xz', ['-dc', file]);
    case 'zst':
      return await runHostCommand('zstd', ['-dcq', file]);
    case 'gz':
      return await runHostCommand('gzip', ['-dc', file]);
    default:
      return await readFile(file);
  }
}

/**
 * The names of the modules that must be loaded first, from the `.modinfo` section: NUL-terminated strings,
 * one of them `depends=9pnet,netfs`.
 */
function moduleDependencies(elf: Buffer): string[] {
  const key = '\0depends=';
  const start = elf.indexOf(key);
  if (start === -1) throw new VmError('a kernel module has no depends= line');
  const value = elf.toString('latin1', start + key.length, elf.indexOf(0, start + key.length));
  return value
    .split(',')
    .filter((name) => name !== '')
    .map((name) => name.replaceAll('-', '_'));
}

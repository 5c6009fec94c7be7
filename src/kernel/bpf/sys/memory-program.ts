/** Programs that are executed from memory: those that are inside of the executable. */
import { closeSync, writeSync } from 'node:fs';
import type { Libc } from './libc.ts';

/** What can be executed, and the descriptor that its path leads through. */
export interface StoredProgram {
  path: string;
  descriptor?: number;
}

// Source: include/uapi/linux/memfd.h. MFD_EXEC. Since: Linux 6.3; before, it is an unknown flag.
const MFD_CLOEXEC = 1;
const MFD_EXEC = 0x10;

/**
 * Copies a program into memory; the descriptor stays open, and no other program inherits it. Undefined where
 * nothing in memory may be executed (the sysctl `vm.memfd_noexec` is 2), or without memory for it.
 *
 * Source: memfd_create(2).
 */
export function copyToMemory(libc: Libc, name: string, bytes: Buffer): StoredProgram | undefined {
  const { memfdCreate } = libc.memory();
  let descriptor = memfdCreate(name, MFD_CLOEXEC | MFD_EXEC);
  if (descriptor < 0) descriptor = memfdCreate(name, MFD_CLOEXEC);
  if (descriptor < 0) return undefined;
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  } catch {
    closeSync(descriptor);
    return undefined;
  }
  return { path: `/proc/self/fd/${descriptor}`, descriptor };
}

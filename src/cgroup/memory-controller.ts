/** Handing the memory controller on to the cgroups below a directory (cgroup v2). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseControllers } from '../kernel/cgroup2/controllers.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';

/** Controllers that a leaf makes use of; only memory is indispensable. */
const WANTED = ['memory', 'pids'];

/**
 * Makes the memory controller (and pids, where it is offered) available below `directory`.
 * Returns whether anything had to be written. It is never taken away again: another run may rely on it by then.
 * @throws KernelFileError, `EBUSY` where processes live in `directory` itself ("no internal processes").
 */
export function enableControllers(directory: string): boolean {
  const offered = parseControllers(readPseudoFile(join(directory, 'cgroup.controllers')));
  const control = join(directory, 'cgroup.subtree_control');
  const enabled = parseControllers(readPseudoFile(control));
  const missing = WANTED.filter((name) => offered.includes(name) && !enabled.includes(name));
  if (missing.length === 0) return false;
  writePseudoFile(control, missing.map((name) => `+${name}`).join(' '));
  return true;
}

/** Whether cgroups below `directory` account memory. */
export function handsOnMemory(directory: string): boolean {
  const control = join(directory, 'cgroup.subtree_control');
  return existsSync(control) && parseControllers(readPseudoFile(control)).includes('memory');
}

/** Enabling the memory controller for the children of a cgroup (cgroup v2). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseControllers } from '../kernel/cgroup2/controllers.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';

/** The controllers that a leaf uses; only memory is required. */
const WANTED = ['memory', 'pids'];

/**
 * Enables the memory controller, and pids where it is available, for the children of `directory`.
 * Returns whether anything had to be written. The controllers stay enabled, as another run may use them.
 * @throws KernelFileError, `EBUSY` if `directory` itself contains processes ("no internal processes").
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

/** Whether the memory controller is enabled for the children of `directory`. */
export function enablesMemory(directory: string): boolean {
  const control = join(directory, 'cgroup.subtree_control');
  return existsSync(control) && parseControllers(readPseudoFile(control)).includes('memory');
}

/** Enabling the memory controller for the children of a cgroup (cgroup v2). */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** Whether the memory controller is enabled for the children of `directory`. @throws KernelFileError. */
export function enablesMemory(directory: string): boolean {
  const control = join(directory, 'cgroup.subtree_control');
  return existsSync(control) && parseControllers(readPseudoFile(control)).includes('memory');
}

/**
 * Why the children of `parent` have no memory controller, and what gives it to them.
 * @throws KernelFileError.
 */
export function explainNoMemory(parent: string): { reason: string; hint: string } {
  const type = typeOf(parent);
  if (type !== undefined && type !== 'domain') {
    return {
      reason: `${parent} is part of a threaded subtree (cgroup.type: ${type}), which has no memory controller`,
      hint: `--cgroup-parent ${domainAbove(parent)}`,
    };
  }
  const steps: string[] = [];
  for (let at = parent; isCgroup(at); at = dirname(at)) {
    if (!enablesMemory(at)) steps.unshift(`echo +memory > ${join(at, 'cgroup.subtree_control')}`);
    if (offersMemory(at)) break;
  }
  return {
    reason: `the memory controller is not enabled in cgroup.subtree_control of ${parent}`,
    hint: steps.join(' && ') || `echo +memory > ${join(parent, 'cgroup.subtree_control')}`,
  };
}

function isCgroup(directory: string): boolean {
  return existsSync(join(directory, 'cgroup.subtree_control'));
}

function offersMemory(directory: string): boolean {
  return parseControllers(readPseudoFile(join(directory, 'cgroup.controllers'))).includes('memory');
}

/** The content of cgroup.type; undefined for the root, which has none. Since: Linux 4.14. */
function typeOf(directory: string): string | undefined {
  const path = join(directory, 'cgroup.type');
  return existsSync(path) ? readPseudoFile(path).trim() : undefined;
}

/** The nearest ancestor whose children can be domains with a memory controller. */
function domainAbove(directory: string): string {
  const above = dirname(directory);
  const type = typeOf(above);
  return !isCgroup(above) || type === undefined || type === 'domain' ? above : domainAbove(above);
}

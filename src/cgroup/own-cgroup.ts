/** Placement in the delegated cgroup that cmemstat itself runs in (cgroup v2). */
import { accessSync, constants, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { parseCgroupProcs } from '../kernel/cgroup-procs.ts';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';
import { pidAndAncestors } from '../kernel/procfs/process-tree.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';
import { ownCgroupHint, readHintFacts } from './hints.ts';
import { isSelfName, leafName } from './leaf-name.ts';
import { enableControllers, enablesMemory } from './memory-controller.ts';
import { Rejection } from './rejection.ts';
import { makeCgroup } from './subtree.ts';

/**
 * A cgroup cannot both contain processes and enable controllers for its children. If it contains only
 * cmemstat and its ancestors, all of them move into a sibling of the leaf, and move back at the end.
 */
export class OwnCgroup {
  /** The parent of the leaf. */
  readonly directory: string;
  readonly #sibling: string | undefined;

  private constructor(directory: string, sibling: string | undefined) {
    this.directory = directory;
    this.#sibling = sibling;
  }

  /**
   * Moves cmemstat and its ancestors into the sibling.
   * @throws Rejection if `own` contains other processes; an error with the errno, such as KernelFileError,
   * if the kernel refuses.
   */
  static enter(own: string): OwnCgroup {
    // A cmemstat among our ancestors has already done this: use the same parent directory.
    if (isSelfName(basename(own)) && enablesMemory(dirname(own)))
      return new OwnCgroup(dirname(own), undefined);
    accessSync(own, constants.W_OK);
    const inhabitants = processesIn(own);
    const ours = pidAndAncestors(process.pid);
    const others = inhabitants.filter((pid) => !ours.has(pid));
    if (others.length > 0) {
      throw new Rejection(
        'own',
        `the current cgroup ${own} contains other processes: ${describe(others)}`,
        ownCgroupHint(own, readHintFacts()),
      );
    }
    const sibling = join(own, leafName('self'));
    makeCgroup(sibling);
    const room = new OwnCgroup(own, sibling);
    try {
      for (const pid of inhabitants) moveTo(sibling, pid);
      enableControllers(own);
    } catch (error) {
      room.leave();
      throw error;
    }
    return room;
  }

  /**
   * Moves the processes back; does nothing while another run still has its leaf here.
   * @throws an error with the errno if the kernel refuses for another reason.
   */
  leave(): void {
    if (this.#sibling === undefined) return;
    try {
      writePseudoFile(join(this.directory, 'cgroup.subtree_control'), '-memory -pids');
    } catch {
      // Not enabled, or in use: the moves below are then refused, and nothing is moved.
    }
    try {
      for (const pid of processesIn(this.#sibling)) moveTo(this.directory, pid);
      rmdirSync(this.#sibling);
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY' && errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

function processesIn(cgroup: string): number[] {
  const path = join(cgroup, 'cgroup.procs');
  return parseCgroupProcs(readPseudoFile(path), path);
}

function moveTo(cgroup: string, pid: number): void {
  try {
    writePseudoFile(join(cgroup, 'cgroup.procs'), String(pid));
  } catch (error) {
    // It has exited in the meantime.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function describe(pids: number[]): string {
  const named = pids.slice(0, 3).map((pid) => {
    try {
      return `${pid} (${readPidStat(pid).comm})`;
    } catch {
      return String(pid);
    }
  });
  return named.join(', ') + (pids.length > 3 ? ` and ${pids.length - 3} more` : '');
}

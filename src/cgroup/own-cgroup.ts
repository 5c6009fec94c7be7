/** Making room in a cgroup that was delegated to us and that we live in ourselves (cgroup v2). */
import { accessSync, constants, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { parseCgroupProcs } from '../kernel/cgroup-procs.ts';
import { readPidStat } from '../kernel/procfs/pid-stat.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';
import { isSelfName, leafName } from './leaf-name.ts';
import { enableControllers, handsOnMemory } from './memory-controller.ts';
import { Rejection } from './rejection.ts';
import { makeCgroup } from './subtree.ts';

/**
 * A cgroup can't both hold processes and hand on controllers. Where nobody but us and our ancestors lives in it, we all
 * move into a sibling of the leaf, and move back at the end.
 */
export class OwnCgroup {
  /** The parent for the leaf. */
  readonly directory: string;
  readonly #sibling: string | undefined;

  private constructor(directory: string, sibling: string | undefined) {
    this.directory = directory;
    this.#sibling = sibling;
  }

  /**
   * Moves us out of the way.
   * @throws Rejection when others live in `own`; an error with the errno when the kernel refuses.
   */
  static enter(own: string): OwnCgroup {
    // Another cmemstat above us has already made the room: its parent directory serves us too.
    if (isSelfName(basename(own)) && handsOnMemory(dirname(own)))
      return new OwnCgroup(dirname(own), undefined);
    accessSync(own, constants.W_OK);
    const inhabitants = processesIn(own);
    const others = inhabitants.filter((pid) => !ourselvesAndAncestors().has(pid));
    if (others.length > 0) {
      throw new Rejection(
        'own',
        `other processes live in our own cgroup ${own}: ${describe(others)}`,
        'start cmemstat in a cgroup of its own: systemd-run --user --scope -p Delegate=yes cmemstat -- COMMAND, or name a parent with --cgroup-parent',
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

  /** Moves us back; left as it is while another run still has its leaf here. */
  leave(): void {
    if (this.#sibling === undefined) return;
    try {
      writePseudoFile(join(this.directory, 'cgroup.subtree_control'), '-memory -pids');
    } catch {
      // Not enabled, or in use by somebody: then the moves below are refused, and we stay where we are.
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
    // It ended in the meantime.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function ourselvesAndAncestors(): Set<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = readPidStat(pid).ppid) pids.add(pid);
  return pids;
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

/** The cgroup in which the runs create theirs, and what runs leave behind. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chooseMemoryHierarchy, readHierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { PROJECT } from '../../paths.ts';

/** The built command. */
export const BINARY = resolve(PROJECT, 'bin/cmemstat.js');

/** Marks the processes of one run: all that it starts inherit it. */
const MARK = 'CMEMSTAT_FUZZ';

/** What has ended may take this long to be gone. Unit: milliseconds. */
const PATIENCE_MS = 3_000;

/** A place for runs that no other program uses. */
export class FuzzHost {
  /** A folder for files; absolute. */
  readonly folder = mkdtempSync(join(tmpdir(), 'cmemstat-fuzz-runs-'));
  /** The cgroup for `--cgroup-parent`; undefined on a host without memory cgroups. */
  readonly parent: string | undefined;
  /** The time that a run of `true` takes now. Unit: milliseconds. */
  readonly runMs: number;
  #runs = 0;

  constructor() {
    const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
    if (hierarchy.version !== undefined) {
      this.parent = join(hierarchy.mountPoint, `fuzz-cmemstat-${process.pid}`);
      mkdirSync(this.parent);
    }
    const times = Array.from({ length: 3 }, () => {
      const start = performance.now();
      this.runTrue();
      return performance.now() - start;
    });
    this.runMs = Math.max(...times);
  }

  /** The options that every run has. */
  get options(): string[] {
    return this.parent === undefined ? [] : ['--cgroup-parent', this.parent];
  }

  /** The environment of a run, and how to find its processes. */
  newMark(): { mark: string; env: NodeJS.ProcessEnv } {
    this.#runs += 1;
    const mark = `${MARK}=${process.pid}.${this.#runs}.`;
    // `_` may say that nohup started the fuzzing: cmemstat then ignores SIGHUP.
    const { NODE_OPTIONS: _options, _: _program, ...env } = process.env;
    return {
      mark,
      env: { ...env, [MARK]: mark.slice(MARK.length + 1), TERM: 'xterm-256color', COLUMNS: '100' },
    };
  }

  /** A run that removes what others have left. */
  runTrue(): void {
    const { status, stderr } = spawnSync(
      process.execPath,
      [BINARY, '-q', '--no-summary', ...this.options, '--', 'true'],
      {
        encoding: 'utf8',
      },
    );
    if (status !== 0) throw new Error(`a run of true ended with ${status}: ${stderr}`);
  }

  /** The cgroups of runs that have not been removed. */
  leaves(): string[] {
    if (this.parent === undefined) return [];
    return readdirSync(this.parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  }

  /** Ends what a run left, runs another one, and returns what is still there. */
  async clearUp(mark: string): Promise<string[]> {
    for (const { pid } of processesWith(mark)) tryKill(pid);
    await untilTrue(() => processesWith(mark).length === 0);
    if (this.leaves().length > 0) this.runTrue();
    const left = this.leaves();
    return left.length === 0 ? [] : [`left after the next run: ${left.join(', ')}`];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
    if (this.parent === undefined) return;
    for (const name of this.leaves()) rmdirSync(join(this.parent, name));
    rmdirSync(this.parent);
  }
}

/** A process of a run. */
export interface LeftProcess {
  pid: number;
  /** Its words, joined by spaces. */
  command: string;
}

/** The processes with the mark in their environment that still run. */
export function processesWith(mark: string): LeftProcess[] {
  return readdirSync('/proc').flatMap((name): LeftProcess[] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').join(' ').trim();
      return [{ pid: Number(name), command }];
    } catch {
      return [];
    }
  });
}

/** Waits until something holds; false if it does not within the patience. */
export async function untilTrue(holds: () => boolean, patienceMs = PATIENCE_MS): Promise<boolean> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await wait(20)) {
    if (holds()) return true;
  }
  return holds();
}

export function tryKill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

/**
 * The memory of the host by class, from a scan of all its pages at long intervals. The scan runs in a process
 * of its own, which takes its memory with it.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { parseDocument } from '../../format/parse-document.ts';
import { ownCommand } from '../../kernel/files/program-files.ts';

/** A scan takes minutes at most. Unit: milliseconds. */
const TIMEOUT_MS = 10 * 60_000;
/** Unit: bytes. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Runs `explain`; tests have their own. */
export type RunExplain = (done: (error: unknown, output: string) => void) => ChildProcess | undefined;

/** Scans after a scrape, if the last scan is old enough. */
export class ExplainedClasses {
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #run: RunExplain;
  #startedMs: number | undefined;
  #child: ChildProcess | undefined;
  #classes: ReadonlyMap<string, number> | undefined;

  constructor(everyMs: number, now: () => number, run: RunExplain = runExplain) {
    this.#everyMs = everyMs;
    this.#now = now;
    this.#run = run;
  }

  /** Of the last scan. Unit: bytes. Undefined before the first one, and after one that failed. */
  get classes(): ReadonlyMap<string, number> | undefined {
    return this.#classes;
  }

  /** Starts a scan if it is time for one. */
  start(onError: () => void): void {
    const nowMs = this.#now();
    if (this.#startedMs !== undefined && nowMs - this.#startedMs < this.#everyMs) return;
    this.#startedMs = nowMs;
    this.#child = this.#run((error, output) => {
      this.#child = undefined;
      const classes = error === null ? parseClasses(output) : undefined;
      if (classes === undefined) onError();
      this.#classes = classes;
    });
  }

  /** Ends a scan that runs. */
  stop(): void {
    this.#child?.kill();
  }
}

function runExplain(done: (error: unknown, output: string) => void): ChildProcess {
  const [program, ...own] = ownCommand();
  const words = [...own, 'explain', '--by', 'class', '--json', '--no-names'];
  const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  return execFile(program, words, options, (error, output) => done(error, output));
}

/** The classes of `explain --by class --json`; undefined if it is something else. */
export function parseClasses(text: string): Map<string, number> | undefined {
  try {
    const { tree } = parseDocument(text) as { tree?: { children?: unknown } };
    if (!Array.isArray(tree?.children)) return undefined;
    const classes = new Map<string, number>();
    for (const { kind, name, bytes } of tree.children as Record<string, unknown>[]) {
      if (typeof name !== 'string' || typeof bytes !== 'number') continue;
      // What belongs to no class, such as pages that could not be named.
      const key = kind === 'class' ? name : 'other';
      classes.set(key, (classes.get(key) ?? 0) + bytes);
    }
    return classes;
  } catch {
    return undefined;
  }
}

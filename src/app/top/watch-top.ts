/** `cmemstat top` on a terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { findRootCgroup } from '../../cgroup/find-cgroup.ts';
import { ownCommand } from '../../kernel/files/program-files.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import type { HostCgroup } from '../../model/host/host-cgroups.ts';
import type { HostSort } from '../../model/host/host-tree.ts';
import { ENDING_SIGNALS } from '../../target/signals.ts';
import { nextInterval } from '../../view/state/choices.ts';
import { openOwnScreen } from '../../view/terminal/screen.ts';
import type { Screen } from '../../view/terminal/terminal-screen.ts';
import { initialTopUi, type TopUi } from '../../view/top/top-state.ts';
import { TopView } from '../../view/top/top-view.ts';
import { explainCgroup } from '../explain/explain.ts';
import { explainHost } from '../explain/explain-host.ts';
import { openTop, type TopSource } from './open-top.ts';

/** What to show at first. */
export interface WatchTopOptions {
  sort: HostSort;
  filter: string;
  units: TopUi['units'];
  /** Levels that are open; undefined for the default. */
  depth: number | undefined;
  intervalMs: number;
}

/** What the view uses of this host; tests have their own. */
export interface WatchTopHost {
  openScreen(): Promise<Screen>;
  openSource(): Promise<TopSource>;
  /** Starts `cmemstat attach` of the cgroup with this directory, with its standard error as a pipe. */
  startAttach(directory: string): AttachProcess;
}

/** What is used of a process that is attached. */
export type AttachProcess = Pick<ChildProcess, 'kill' | 'on'> & { stderr: Readable };

const HOST: WatchTopHost = { openScreen: openOwnScreen, openSource: () => openTop(true), startAttach };

const DEFAULT_DEPTH = 2;

/** The shortest interval selected with `-`. Unit: milliseconds. */
const MIN_INTERVAL_MS = 100;

/**
 * Shows the cgroups of this host until the user or a signal closes the view. Returns the exit status: 0, or
 * 128 plus the signal number.
 * @throws UnsupportedError without a suitable terminal; UsageError, KernelFileError if there are no cgroups.
 */
export async function watchTop(options: WatchTopOptions, host: WatchTopHost = HOST): Promise<number> {
  const screen = await host.openScreen();
  try {
    const source = await host.openSource();
    try {
      return await new Watch(options, host, source, screen).run();
    } finally {
      source.reader.close();
    }
  } finally {
    screen.close();
  }
}

class Watch {
  readonly #host: WatchTopHost;
  readonly #source: TopSource;
  #intervalMs: number;
  #view: TopView;
  #timer: NodeJS.Timeout | undefined;
  /** `cmemstat attach`, while it has the terminal. */
  #child: AttachProcess | undefined;
  #isAway = false;
  /** Why reading ended while it had. */
  #failure: { error: unknown } | undefined;
  #isResolving = false;
  #status = 0;
  #settle: { resolve: () => void; reject: (error: unknown) => void } = { resolve() {}, reject() {} };

  constructor(
    { sort, filter, units, depth, intervalMs }: WatchTopOptions,
    host: WatchTopHost,
    source: TopSource,
    screen: Screen,
  ) {
    this.#host = host;
    this.#source = source;
    this.#intervalMs = intervalMs;
    this.#view = this.#open(screen, { ...initialTopUi(sort, filter, depth ?? DEFAULT_DEPTH), units });
  }

  /** Resolves with the exit status when the view is closed. */
  async run(): Promise<number> {
    const end = (signal: (typeof ENDING_SIGNALS)[number]) => {
      // The terminal has sent it to what is attached, too.
      if (this.#isAway && (signal === 'SIGINT' || signal === 'SIGQUIT')) return;
      this.#status = 128 + constants.signals[signal];
      if (this.#isAway) this.#child?.kill('SIGTERM');
      else this.#quit();
    };
    const closed = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    for (const signal of ENDING_SIGNALS) process.on(signal, end);
    try {
      this.#tick();
      await closed;
      return this.#status;
    } finally {
      clearTimeout(this.#timer);
      this.#view.close();
      for (const signal of ENDING_SIGNALS) process.off(signal, end);
    }
  }

  /** Whether a signal has ended the view, or reading has failed, while something else had the terminal. */
  get #isEnding(): boolean {
    return this.#failure !== undefined || this.#status !== 0;
  }

  #open(screen: Screen, ui: TopUi): TopView {
    return new TopView(screen, ui, {
      nameOf: (cgroup) => this.#source.labels.labelOf(cgroup).name,
      intervalMs: () => this.#intervalMs,
      changeInterval: (step) => this.#changeInterval(step),
      attach: (cgroup) => void this.#attach(cgroup),
      explain: (cgroup, onProgress, signal) => {
        const { version, mountPoint } = findRootCgroup('top');
        return cgroup === undefined
          ? explainHost({ onProgress, signal })
          : explainCgroup({ ...cgroup, version, mountPoint }, { onProgress, signal });
      },
      quit: (failure) => this.#quit(failure),
    });
  }

  #quit(failure?: unknown): void {
    clearTimeout(this.#timer);
    this.#view.close();
    if (failure === undefined) this.#settle.resolve();
    else this.#settle.reject(failure);
  }

  /** What has the terminal is not left behind. */
  #fail(error: unknown): void {
    if (!this.#isAway) this.#quit(error);
    else this.#failure ??= { error };
  }

  #tick(): void {
    const startMs = monotonicMs();
    try {
      const reading = this.#source.reader.read();
      if (!this.#isAway) this.#view.show(reading);
      this.#resolveNames(reading.cgroups).catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
      return;
    }
    // A host with too many cgroups for the interval leaves half of the time to others.
    const tookMs = monotonicMs() - startMs;
    this.#timer = setTimeout(() => this.#tick(), Math.max(this.#intervalMs - tookMs, tookMs));
  }

  /** Runtimes may take long to answer: ids are shown meanwhile. */
  async #resolveNames(cgroups: readonly HostCgroup[]): Promise<void> {
    if (this.#isResolving) return;
    this.#isResolving = true;
    try {
      await this.#source.labels.resolve(cgroups);
    } finally {
      this.#isResolving = false;
    }
  }

  #changeInterval(step: 1 | -1): string | undefined {
    const next = nextInterval(this.#intervalMs, step, MIN_INTERVAL_MS);
    if ('message' in next) return next.message;
    this.#intervalMs = next.ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), next.ms);
    return undefined;
  }

  /** `cmemstat attach` gets the terminal until it ends. Reading continues, and growth is known afterwards. */
  async #attach({ directory }: HostCgroup): Promise<void> {
    const { ui } = this.#view;
    this.#isAway = true;
    this.#view.close();
    this.#child = this.#host.startAttach(directory);
    const message = await whyFailed(this.#child);
    this.#child = undefined;
    try {
      if (!this.#isEnding) this.#view = this.#open(await this.#host.openScreen(), { ...ui, message });
    } catch (error) {
      this.#quit(error);
      return;
    }
    // Also while the terminal was opened.
    if (this.#isEnding) {
      this.#quit(this.#failure?.error);
      return;
    }
    this.#isAway = false;
    clearTimeout(this.#timer);
    this.#tick();
  }
}

function startAttach(directory: string): AttachProcess {
  // Standard error may be a file, which must not decide on the view.
  const [program, ...own] = ownCommand();
  const words = [...own, 'attach', '--no-summary', '--tui', directory];
  return spawn(program, words, { stdio: ['inherit', 'inherit', 'pipe'] });
}

/** Resolves when it has ended, with why it failed if it did: the last line of its standard error. */
function whyFailed(child: AttachProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let errorTail = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errorTail = (errorTail + text).slice(-MAX_ERROR_TAIL);
    });
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (status, signal) => {
      const last = errorTail.trimEnd().split('\n').at(-1) ?? '';
      const ended = last === '' ? `cmemstat attach ended with ${signal ?? `status ${status}`}` : last;
      resolve(status === 0 ? undefined : ended);
    });
  });
}

/** How much of the end of standard error is kept. Unit: UTF-16 code units. */
const MAX_ERROR_TAIL = 4096;

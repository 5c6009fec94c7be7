/**
 * A terminal screen: accepts complete frames, reports keys and mouse actions, and restores the terminal when
 * it is closed.
 */
import { closeSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import type { Line, Size } from '../text/line.ts';
import { diffFrames } from './frame-diff.ts';
import { isInForeground } from './job-control.ts';
import { encodeLine } from './palette.ts';
import type { Capabilities } from './terminal-capabilities.ts';
import { type MouseAction, type SequenceReader, TerminalInput } from './terminal-input.ts';
import { type TerminalKind, usableSize } from './terminal-kind.ts';
import { TerminalOutput } from './terminal-output.ts';
import type { TerminalFiles } from './tty-files.ts';

/** The interface of the terminal for the view. */
export interface Screen {
  /** Current number of columns and rows. */
  readonly size: Size;
  /** The capabilities of the terminal. */
  readonly kind: TerminalKind;
  /** Whether it can be drawn on: false after `close`, and if the terminal no longer exists. */
  readonly isOpen: boolean;
  /**
   * Shows a frame: one line per row, from the top. The first one takes over the terminal. Only changes are
   * written. While the terminal does not accept output, frames are skipped; the last one is shown afterwards.
   */
  draw(lines: readonly Line[]): void;
  /** Redraws everything. */
  redraw(): void;
  /** Keys by name; see `InputListeners`. */
  onKey(listener: (name: string) => void): void;
  /** Pasted text, if the terminal marks it. */
  onPaste(listener: (text: string) => void): void;
  onMouse(listener: (action: MouseAction) => void): void;
  /** The size of the terminal has changed: redraw. */
  onResize(listener: (size: Size) => void): void;
  /**
   * The terminal no longer exists, for example because its window was closed; the screen has closed itself.
   */
  onLost(listener: () => void): void;
  /**
   * Like Ctrl-Z without the view: restores the terminal and stops this job, including the target. Returns
   * when the job continues in the foreground.
   */
  suspend(): void;
  /**
   * Restores the terminal. May be called more than once, and from handlers of 'exit' and signals; called
   * automatically on 'exit' and before an uncaught exception is printed.
   */
  close(): void;
}

/** The dependencies of a screen. */
export interface ScreenParts {
  env: NodeJS.ProcessEnv;
  kind: TerminalKind;
  capabilities: Capabilities;
  files: TerminalFiles;
  createReader(): SequenceReader & { close(): void };
}

/** How long closing waits for a terminal that accepts nothing. Unit: milliseconds. */
const CLOSE_TIMEOUT_MS = 500;

/** See `Screen`. */
export class TerminalScreen implements Screen {
  readonly kind: TerminalKind;
  readonly #parts: ScreenParts;
  readonly #reader: SequenceReader & { close(): void };
  readonly #output: TerminalOutput;
  readonly #sizeStream: WriteStream;
  /**
   * Hidden: temporarily restored, by Ctrl-Z. Unused: nothing was drawn yet, and the terminal is unchanged.
   */
  #state: 'unused' | 'shown' | 'hidden' | 'closed' = 'unused';
  #input: { stream: ReadStream; keys: TerminalInput } | undefined;
  #size: Size;
  #lines: readonly Line[] | undefined;
  /** The rows currently on the terminal; undefined if unknown. */
  #rows: readonly string[] | undefined;
  readonly #listeners = {
    key: new Set<(name: string) => void>(),
    paste: new Set<(text: string) => void>(),
    mouse: new Set<(action: MouseAction) => void>(),
    resize: new Set<(size: Size) => void>(),
    lost: new Set<() => void>(),
  };
  readonly #close = () => this.close();
  readonly #stop = () => this.#stopProcess(process.pid);
  readonly #continue = () => this.#comeBack();
  readonly #windowChanged = () => this.#readSize();

  /** The terminal is taken over with the first frame. */
  constructor(parts: ScreenParts) {
    this.#parts = parts;
    this.kind = parts.kind;
    this.#sizeStream = new WriteStream(parts.files.openSize());
    this.#size = this.#reportedSize();
    this.#reader = parts.createReader();
    this.#output = new TerminalOutput(
      parts.files.outputFd,
      () => this.#render(),
      () => this.#lose(),
    );
  }

  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  get size(): Size {
    return this.#size;
  }

  draw(lines: readonly Line[]): void {
    this.#lines = lines;
    if (this.#state === 'unused') this.#begin();
    if (this.#state === 'hidden') this.#comeBack();
    // SIGWINCH is not sent to processes with another controlling terminal.
    this.#readSize();
    this.#render();
  }

  redraw(): void {
    this.#rows = undefined;
    this.#render();
  }

  onKey(listener: (name: string) => void): void {
    this.#listeners.key.add(listener);
  }

  onPaste(listener: (text: string) => void): void {
    this.#listeners.paste.add(listener);
  }

  onMouse(listener: (action: MouseAction) => void): void {
    this.#listeners.mouse.add(listener);
  }

  onResize(listener: (size: Size) => void): void {
    this.#listeners.resize.add(listener);
  }

  onLost(listener: () => void): void {
    this.#listeners.lost.add(listener);
  }

  suspend(): void {
    // 0 is the whole process group, which Ctrl-Z would stop on a terminal that is not in raw mode.
    if (this.#state === 'shown') this.#stopProcess(0);
  }

  close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'shown') this.#hide();
    this.#state = 'closed';
    process.off('exit', this.#close);
    process.off('uncaughtExceptionMonitor', this.#close);
    process.off('SIGWINCH', this.#windowChanged);
    this.#ignoreJobControl();
    this.#reader.close();
    this.#sizeStream.destroy();
    closeSync(this.#parts.files.outputFd);
  }

  #begin(): void {
    process.on('exit', this.#close);
    process.on('uncaughtExceptionMonitor', this.#close);
    process.on('SIGWINCH', this.#windowChanged);
    this.#listenToJobControl();
    this.#show();
  }

  #render(): void {
    if (this.#state !== 'shown' || this.#lines === undefined || this.#output.isBusy) return;
    const { depth, utf8 } = this.kind;
    const rows = this.#lines.slice(0, this.#size.height).map((line) => encodeLine(line, depth, utf8));
    this.#output.write(diffFrames(this.#rows, rows, this.#parts.capabilities));
    this.#rows = rows;
  }

  /** Takes over the terminal. */
  #show(): void {
    this.#state = 'shown';
    try {
      this.#openInput();
    } catch {
      this.#lose();
    }
    if (!this.isOpen) return;
    this.#output.write(this.#parts.capabilities.enter);
    this.#rows = undefined;
  }

  /**
   * Restores the terminal. In the background its settings belong to the shell, and changing them would stop
   * cmemstat.
   */
  #hide(): void {
    this.#state = 'hidden';
    const isOurs = isInForeground();
    if (isOurs) this.#output.finish(this.#parts.capabilities.leave, CLOSE_TIMEOUT_MS);
    this.#closeInput(isOurs);
  }

  #openInput(): void {
    const stream = new ReadStream(this.#parts.files.openInput());
    const keys = new TerminalInput(this.#reader, {
      key: (name) => this.#emit('key', name),
      paste: (text) => this.#emit('paste', text),
      mouse: (action) => this.#emit('mouse', action),
    });
    const lost = () => {
      if (this.#input?.stream === stream) this.#lose();
    };
    stream.on('error', lost).on('close', lost);
    stream.on('data', (bytes: Buffer) => keys.take(bytes));
    this.#input = { stream, keys };
    stream.setRawMode(true);
  }

  /** Close instead of pause: a paused stream still reads, which would stop cmemstat in the background. */
  #closeInput(isOurs: boolean): void {
    const input = this.#input;
    this.#input = undefined;
    if (isOurs) input?.stream.setRawMode(false);
    input?.keys.stop();
    input?.stream.destroy();
  }

  #emit<Event extends keyof ScreenEvents>(event: Event, value: ScreenEvents[Event]): void {
    for (const listener of this.#listeners[event]) (listener as (value: ScreenEvents[Event]) => void)(value);
  }

  #lose(): void {
    if (this.#state === 'closed') return;
    this.close();
    for (const listener of this.#listeners.lost) listener();
  }

  #reportedSize(): Size {
    const { columns, rows } = this.#sizeStream;
    return usableSize({ width: columns ?? 0, height: rows ?? 0 }, this.#parts.env);
  }

  #readSize(): void {
    if (!this.isOpen) return;
    // Undocumented but long-standing in Node: nothing else queries the kernel again.
    (this.#sizeStream as WriteStream & { _refreshSize(): void })._refreshSize();
    const size = this.#reportedSize();
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    // Terminals reflow their contents when their size changes, each in its own way.
    this.#rows = undefined;
    this.#emit('resize', size);
  }

  #listenToJobControl(): void {
    process.on('SIGTSTP', this.#stop);
    process.on('SIGCONT', this.#continue);
  }

  #ignoreJobControl(): void {
    process.off('SIGTSTP', this.#stop);
    process.off('SIGCONT', this.#continue);
  }

  /**
   * Stops like without a view. kill(2) returns after SIGCONT, or immediately if no shell could send it: the
   * kernel does not stop orphaned process groups.
   */
  #stopProcess(pid: number): void {
    if (this.#state === 'shown') this.#hide();
    this.#ignoreJobControl();
    process.kill(pid, 'SIGTSTP');
    this.#listenToJobControl();
    this.#comeBack();
  }

  /**
   * Takes over the terminal again; in the background, only with the first frame in the foreground.
   */
  #comeBack(): void {
    // Stopped by SIGSTOP: nothing was restored, but the shell has changed the terminal settings.
    if (this.#state === 'shown') this.#hide();
    if (this.#state !== 'hidden' || !isInForeground()) return;
    this.#show();
    if (!this.isOpen) return;
    this.#readSize();
    this.#render();
  }
}

interface ScreenEvents {
  key: string;
  paste: string;
  mouse: MouseAction;
  resize: Size;
}

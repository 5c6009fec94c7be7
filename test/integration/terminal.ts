/** Terminals for tests: tmux for the visible screen, and a bare pty for the bytes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { needsProgram, scratch, TEST_ENVIRONMENT } from './harness.ts';

const run = promisify(execFile);

/** Requirements of tests with terminals; emulated machines have neither the programs nor the speed. */
export const needsTmux = {
  ...needsProgram('tmux'),
  ...(process.env.CMEMSTAT_VM_GUEST === undefined ? {} : { has: false, expected: false }),
};

/** util-linux's, in every Debian. */
export const needsScript = {
  ...needsProgram('script'),
  ...(process.env.CMEMSTAT_VM_GUEST === undefined ? {} : { has: false, expected: false }),
};

/** Options for starting a terminal. */
export interface TerminalOptions {
  width?: number;
  height?: number;
  /** A line for /bin/sh; without it, an interactive shell with the prompt `$ `. */
  command?: string;
  /** Undefined unsets a variable. The locale is C.UTF-8 by default. */
  env?: Readonly<Record<string, string | undefined>>;
}

const TIMEOUT_MS = 20_000;

/** Polls until the result is not undefined. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await wait(30);
  }
}

/** ESC as a visible character, in texts that tests compare. */
function showEscapes(text: string): string {
  return text.replaceAll('\x1b', '␛');
}

/** Quotes a word for /bin/sh. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function environmentWords(env: Readonly<Record<string, string | undefined>>): string[] {
  const all = { ...TEST_ENVIRONMENT, LC_ALL: 'C.UTF-8', PS1: '$ ', ENV: '', ...env };
  const words: string[] = [];
  for (const [name, value] of Object.entries(all)) if (value === undefined) words.push('-u', name);
  for (const [name, value] of Object.entries(all)) if (value !== undefined) words.push(`${name}=${value}`);
  return words;
}

let servers = 0;

/** A separate tmux server with one window. */
export class TmuxTerminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  static async open(options: TerminalOptions = {}): Promise<TmuxTerminal> {
    servers += 1;
    const terminal = new TmuxTerminal(`cmemstat-test-${process.pid}-${servers}`);
    const { width = 80, height = 24, command } = options;
    const words = ['env', ...environmentWords({ TERM: 'tmux-256color', ...options.env }), 'sh'];
    words.push(...(command === undefined ? ['-i'] : ['-c', command]));
    await terminal.#tmux(
      ...['new-session', '-d', '-x', String(width), '-y', String(height)],
      words.map(shellQuote).join(' '),
      // The screen stays available after the command has ended.
      ...[';', 'set-option', '-g', 'remain-on-exit', 'on'],
      ...[';', 'set-option', '-g', 'escape-time', '0'],
      ...[';', 'set-option', '-g', 'status', 'off'],
    );
    if (command === undefined) await terminal.waitFor(/^\$/m);
    return terminal;
  }

  async #tmux(...args: string[]): Promise<string> {
    const { TMUX: _, ...env } = process.env;
    const { stdout } = await run('tmux', ['-L', this.#socket, '-f', '/dev/null', '-u', ...args], {
      // tmux leaves its sockets behind.
      env: { ...env, TMUX_TMPDIR: scratch, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' },
    });
    return stdout;
  }

  /**
   * Keys by tmux's names: `Up`, `PPage`, `C-c`, `F1` ... Sent one by one, so that they are not joined into
   * sequences.
   */
  async keys(...names: string[]): Promise<void> {
    for (const name of names) {
      await this.#tmux('send-keys', name);
      if (name === 'Escape') await wait(150);
    }
  }

  /** Literal characters; also bytes of sequences. */
  async type(text: string): Promise<void> {
    const bytes = [...Buffer.from(text)].map((byte) => byte.toString(16));
    await this.#tmux('send-keys', '-H', ...bytes);
  }

  /** A line for the shell. */
  async enter(line: string): Promise<void> {
    await this.type(`${line}\r`);
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(width), '-y', String(height));
  }

  /** The screen as text without trailing blanks; with `escapes`, colours and attributes too, ESC as ␛. */
  async capture(options: { escapes?: boolean } = {}): Promise<string> {
    const escapes = options.escapes === true ? ['-e'] : [];
    return showEscapes(await this.#tmux('capture-pane', '-p', ...escapes));
  }

  /** A fact about the window, such as `cursor_x`, `alternate_on`, `mouse_any_flag`. */
  async fact(name: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', `#{${name}}`)).trimEnd();
  }

  /**
   * The screen once it shows all patterns, or what the function looks for. A frame may be half drawn when it
   * is captured, and lists come later than the rest: what a test expects of a screen belongs here.
   */
  async waitFor(...wanted: (RegExp | ((screen: string) => boolean))[]): Promise<string> {
    let last = '';
    try {
      return await until(wanted.join(' and '), async () => {
        last = await this.capture();
        return wanted.every((each) => (typeof each === 'function' ? each(last) : each.test(last)))
          ? last
          : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; on the screen:\n${last}`);
    }
  }

  /** Waits until the command has ended; returns its exit status. */
  async ended(): Promise<number> {
    return until('the end of the command', async () => {
      const [dead, status = '', server] = (await this.fact('pane_dead} #{pane_dead_status} #{pid')).split(
        ' ',
      );
      if (dead !== '1') return undefined;
      if (status !== '') return Number(status);
      // tmux 3.3 occasionally misses the exit of a child, until it is notified again.
      process.kill(Number(server), 'SIGCHLD');
      return undefined;
    });
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => '');
  }
}

/** A pty without an interpreter: the output of a program, byte for byte. */
export class BarePty {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';

  constructor(options: TerminalOptions & { command: string }) {
    const { width = 80, height = 24, command } = options;
    const words = ['env', ...environmentWords({ TERM: 'xterm-256color', ...options.env }), 'sh', '-c'];
    words.push(`stty rows ${height} cols ${width}; ${command}`);
    this.#child = spawn('script', ['-qfec', words.map(shellQuote).join(' '), '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, SHELL: '/bin/sh' },
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += showEscapes(text);
    });
    this.#child.stdin?.on('error', () => {});
    this.#ended = new Promise((settle) => this.#child.on('close', () => settle()));
  }

  /** The output so far, ESC as ␛. */
  get output(): string {
    return this.#output;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** From now on the output of the program is not read. */
  stall(): void {
    this.#child.stdout?.pause();
  }

  flow(): void {
    this.#child.stdout?.resume();
  }

  /** The terminal is closed, like a window. */
  async hangUp(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async waitFor(pattern: RegExp): Promise<string> {
    const found = () => (pattern.test(this.#output) ? this.#output : undefined);
    return until(String(pattern), found).catch((error: Error) => {
      throw new Error(`${error.message}; written: ${JSON.stringify(this.#output.slice(-2000))}`);
    });
  }

  /** The whole output, once the command has ended. */
  async ended(): Promise<string> {
    await this.#ended;
    return this.#output;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A window that is closed at the end of the test. */
export async function tmux(options: TerminalOptions = {}): Promise<TmuxTerminal> {
  const terminal = await TmuxTerminal.open(options);
  onTestFinished(() => terminal.close());
  return terminal;
}

/** A pty that is closed at the end of the test. */
export function bare(options: TerminalOptions & { command: string }): BarePty {
  const pty = new BarePty(options);
  onTestFinished(() => pty.close());
  return pty;
}

/** Alternate buffer, cursor, automatic wrap, mouse: the modes of a shell, and of the view. */
export function modes(terminal: TmuxTerminal): Promise<string> {
  return terminal.fact('alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_standard_flag} #{mouse_sgr_flag');
}
export const SHELL_MODES = '0 1 1 0 0';
export const VIEW_MODES = '1 0 0 1 1';
/** As in a shell; tmux itself hides the cursor of a window whose command has ended. */
export const ENDED_MODES = '0 0 1 0 0';

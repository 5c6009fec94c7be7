/** Terminals for tests: tmux for what a user sees, and a bare pty for the bytes themselves. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { needsProgram, scratch, TEST_ENVIRONMENT } from './harness.ts';

const run = promisify(execFile);

/** What tests with terminals need; emulated machines have neither the programs nor the speed. */
export const needsTmux = {
  ...needsProgram('tmux'),
  ...(process.env.CMEMSTAT_VM_GUEST === undefined ? {} : { has: false, expected: false }),
};

/** util-linux's, in every Debian. */
export const needsScript = {
  ...needsProgram('script'),
  ...(process.env.CMEMSTAT_VM_GUEST === undefined ? {} : { has: false, expected: false }),
};

/** How to start a terminal. */
export interface TerminalOptions {
  width?: number;
  height?: number;
  /** A line for /bin/sh; without it, an interactive shell with the prompt `$ `. */
  command?: string;
  /** Undefined unsets a variable. The locale is C.UTF-8 unless told. */
  env?: Readonly<Record<string, string | undefined>>;
}

const TIMEOUT_MS = 20_000;

/** Asks until the answer is other than undefined. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await wait(30);
  }
}

/** ESC as a character that can be seen, in what tests look at. */
function showEscapes(text: string): string {
  return text.replaceAll('\x1b', '␛');
}

/** A word for /bin/sh. */
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

/** A tmux server of its own, with one window. */
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
      // What is left on the screen is still there to be looked at after the command has ended.
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

  /** Keys by tmux's names: `Up`, `PPage`, `C-c`, `F1` ... One after the other, so that none is taken for another's end. */
  async keys(...names: string[]): Promise<void> {
    for (const name of names) {
      await this.#tmux('send-keys', name);
      if (name === 'Escape') await wait(150);
    }
  }

  /** Characters as they are; also bytes of sequences. */
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

  /** The screen as text, blanks at the ends of lines left out; with `escapes`, colours and attributes too, ESC as ␛. */
  async capture(options: { escapes?: boolean } = {}): Promise<string> {
    const escapes = options.escapes === true ? ['-e'] : [];
    return showEscapes(await this.#tmux('capture-pane', '-p', ...escapes));
  }

  /** A fact about the window, such as `cursor_x`, `alternate_on`, `mouse_any_flag`. */
  async fact(name: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', `#{${name}}`)).trimEnd();
  }

  /** The screen once it shows the pattern. */
  async waitFor(pattern: RegExp): Promise<string> {
    let last = '';
    try {
      return await until(String(pattern), async () => {
        last = await this.capture();
        return pattern.test(last) ? last : undefined;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; on the screen:\n${last}`);
    }
  }

  /** Waits until the command has ended. Its exit status. */
  async ended(): Promise<number> {
    return until('the end of the command', async () => {
      const [dead, status = '', server] = (await this.fact('pane_dead} #{pane_dead_status} #{pid')).split(
        ' ',
      );
      if (dead !== '1') return undefined;
      if (status !== '') return Number(status);
      // tmux 3.3 now and then misses that a child has ended, until it is told again.
      process.kill(Number(server), 'SIGCHLD');
      return undefined;
    });
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => '');
  }
}

/** A pty with nothing that interprets it: what a program writes, byte for byte. */
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

  /** Everything that was written, ESC as ␛. */
  get output(): string {
    return this.#output;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** From now on nobody takes what the program writes. */
  stall(): void {
    this.#child.stdout?.pause();
  }

  flow(): void {
    this.#child.stdout?.resume();
  }

  /** The terminal goes away, as when a window is closed. */
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

  /** Everything that was written, once the command has ended. */
  async ended(): Promise<string> {
    await this.#ended;
    return this.#output;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A window that is closed when the test is over. */
export async function tmux(options: TerminalOptions = {}): Promise<TmuxTerminal> {
  const terminal = await TmuxTerminal.open(options);
  onTestFinished(() => terminal.close());
  return terminal;
}

/** A pty that is closed when the test is over. */
export function bare(options: TerminalOptions & { command: string }): BarePty {
  const pty = new BarePty(options);
  onTestFinished(() => pty.close());
  return pty;
}

/** Alternate buffer, cursor, automatic wrap, mouse: what a shell has, and what the view has. */
export function modes(terminal: TmuxTerminal): Promise<string> {
  return terminal.fact('alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_standard_flag} #{mouse_sgr_flag');
}
export const SHELL_MODES = '0 1 1 0 0';
export const VIEW_MODES = '1 0 0 1 1';
/** As a shell has it; tmux itself hides the cursor of a window whose command has ended. */
export const ENDED_MODES = '0 0 1 0 0';

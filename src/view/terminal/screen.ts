/**
 * Opens the terminal of the live view. The only module that imports blessed, and only its layer below the
 * widgets, which loads in less than half of the time: it reads terminfo entries, and names the sequences of
 * keys and the mouse.
 *
 * Other behaviour of blessed is disabled: compiling every sequence of an entry (it prints those that fail),
 * running `tmux -V`, listening to process 'exit', and splitting input into keys, where it treats fragments of
 * sequences as characters.
 */
import { EventEmitter } from 'node:events';
import { isatty } from 'node:tty';
import type Program from 'blessed/lib/program.js';
import type Tput from 'blessed/lib/tput.js';
import { missingPackageError, ToolError, UnsupportedError } from '../../errors.ts';
import { isInForeground } from './job-control.ts';
import { readCapabilities, type TerminfoEntry, type TerminfoReader } from './terminal-capabilities.ts';
import type { MouseAction, SequenceReader } from './terminal-input.ts';
import { type Refusal, terminalKind } from './terminal-kind.ts';
import { type Screen, TerminalScreen } from './terminal-screen.ts';
import { openTerminal } from './tty-files.ts';

/** Where to draw. */
export interface ScreenOptions {
  env: NodeJS.ProcessEnv;
  /** A descriptor of a terminal; undefined for the controlling terminal, /dev/tty. */
  input: number | undefined;
  output: number | undefined;
}

/**
 * Opens the terminal. From the first frame until `close` nothing else may write to it.
 * @throws UnsupportedError with a one-line reason if the view cannot be opened; the terminal is unchanged
 * then.
 */
export async function openScreen(options: ScreenOptions): Promise<Screen> {
  try {
    return await open(options);
  } catch (error) {
    const known = error instanceof ToolError ? error : missingPackageError(error);
    if (known !== undefined) throw known;
    const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw refused({ reason: `the terminal cannot be used: ${words}` }, error);
  }
}

/**
 * Opens the terminal of this process: standard input and output where they are one, else the controlling
 * terminal. @throws as {@link openScreen}.
 */
export function openOwnScreen(): Promise<Screen> {
  const terminal = (fd: number) => (isatty(fd) ? fd : undefined);
  return openScreen({ env: process.env, input: terminal(0), output: terminal(1) });
}

function refused({ reason, hint }: Refusal, cause?: unknown): UnsupportedError {
  return new UnsupportedError('live view', reason, { hint, cause });
}

async function open({ env, input, output }: ScreenOptions): Promise<Screen> {
  const kind = terminalKind(env);
  if ('reason' in kind) throw refused(kind);
  if (!isInForeground()) throw refused({ reason: 'cmemstat is a background job of its terminal' });
  const { default: tput } = await import('blessed/lib/tput.js');
  const capabilities = readCapabilities(kind, createTerminfoReader(tput));
  if ('reason' in capabilities) throw refused(capabilities);
  const { default: program } = await import('blessed/lib/program.js');
  const files = openTerminal(input, output);
  return new TerminalScreen({ env, kind, capabilities, files, createReader: () => createReader(program) });
}

/** Reads terminfo entries with blessed, without its side effects. */
function createTerminfoReader(TputOfBlessed: typeof Tput): TerminfoReader {
  const tput = new TputOfBlessed({ extended: false });
  // Only reads an entry; the required sequences are compiled individually.
  tput.injectTerminfo = (file) => tput.readTerminfo(file);
  return {
    find: (term) => tput._tprefix(TputOfBlessed.ipaths, term) ?? undefined,
    parse: (data, file) => tput.parseTerminfo(data, file),
    bundled: (name) => tput._useInternalInfo(name) as TerminfoEntry,
    compile(entry, name) {
      const print = console.error;
      console.error = () => {};
      try {
        return tput._compile({ name: 'entry', strings: entry.strings }, name, entry.strings[name] ?? '');
      } finally {
        console.error = print;
      }
    },
  };
}

/**
 * Names of sequences, from the class `Program` of blessed. Each one is passed to blessed separately, so that
 * it is not split or joined.
 */
export function createReader(ProgramOfBlessed: typeof Program): SequenceReader & { close(): void } {
  const input = new EventEmitter();
  const program = createProgram(ProgramOfBlessed, input);
  let sequence = '';
  let key: string | undefined;
  let mouse: MouseAction | undefined;
  program.on('keypress', (_, pressed) => {
    key ??= keyName(sequence, pressed);
  });
  program.on('mouse', (report) => {
    mouse = mouseAction(report);
  });
  const read = (text: string) => {
    sequence = text;
    key = undefined;
    mouse = undefined;
    try {
      input.emit('data', Buffer.from(text));
    } catch {
      // Input that blessed cannot parse is not a key.
    }
  };
  return {
    keyOf(text) {
      read(text);
      return key;
    },
    mouseOf(text) {
      read(text);
      return mouse;
    },
    close: () => program.destroy(),
  };
}

function createProgram(ProgramOfBlessed: typeof Program, input: EventEmitter): Program {
  // Output is flushed by us: with this set, blessed does not change the listeners of process 'exit'.
  ProgramOfBlessed._bound = true;
  ProgramOfBlessed._exitHandler = () => {};
  // If TMUX is set, blessed runs `tmux -V` synchronously.
  const { TMUX: tmux } = process.env;
  delete process.env.TMUX;
  try {
    return new ProgramOfBlessed({ input, output: new EventEmitter(), tput: false, term: 'xterm' });
  } finally {
    if (tmux !== undefined) process.env.TMUX = tmux;
  }
}

/** Undefined for input that is not a key, or only a part of one. */
function keyName(sequence: string, pressed: Program.Keypress | undefined): string | undefined {
  if (pressed?.sequence !== sequence || pressed.full === undefined) return undefined;
  switch (pressed.full) {
    // Enter produces two events, the first of which has the required name.
    case 'return':
      return undefined;
    case 'linefeed':
      return 'enter';
    case 'C-`':
      return 'C-space';
    default:
      return pressed.full;
  }
}

/**
 * Presses and the wheel; releases, horizontal wheels and buttons beyond the third are ignored.
 */
function mouseAction({ action, button, x, y, raw }: Program.Mouse): MouseAction | undefined {
  if (x < 0 || y < 0) return undefined;
  // Bits of shift, meta and control.
  const code = raw[0] & ~0x1c;
  const place = { column: x, row: y };
  if (action === 'wheelup' || action === 'wheeldown') {
    if ((code & 0x82) !== 0) return undefined;
    return { kind: 'wheel', direction: action === 'wheelup' ? 'up' : 'down', ...place };
  }
  if (action !== 'mousedown' || button === undefined || button === 'unknown' || code >= 0x80)
    return undefined;
  return { kind: 'click', button, ...place };
}

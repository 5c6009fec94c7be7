/** One run of cmemstat: with pipes, or in a terminal. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BINARY, type FuzzHost, processesWith, tryKill, untilTrue } from './fuzz-host.ts';

export const MODES = ['table', 'json', 'view'] as const;
export type RunMode = (typeof MODES)[number];

const OPTIONS: Readonly<Record<RunMode, string[]>> = {
  table: ['--no-tui', '--interval', '20ms'],
  json: ['--json', '--interval', '20ms'],
  view: ['--tui', '--exit-on-end', '--interval', '20ms'],
};

/** A run that has been started. */
export interface StartedRun {
  mark: string;
  /** The process of cmemstat. */
  pid: number;
  /** The process that was started: cmemstat itself, or the terminal. */
  outerPid: number;
  ended: Promise<EndedRun>;
  /** Types on the keyboard of the terminal; absent without one. */
  type?: (text: string) => void;
}

/** How it ended. */
export interface EndedRun {
  status: number | null;
  signal: string | null;
  /** Everything that it wrote. */
  output: string;
  /** In a terminal: its settings before and after, as `stty -g` prints them; absent if it was closed. */
  terminal?: { before: string; after: string };
}

/** How to start a run. */
export interface RunRequest {
  mode: RunMode;
  target: readonly string[];
  /** In addition to those of the mode. */
  options?: readonly string[];
  /** The words that precede the command, such as `prlimit`, which replace themselves by it. */
  prefix?: readonly string[];
}

/** Starts cmemstat; returns as soon as its process exists. */
export async function startRun(host: FuzzHost, request: RunRequest): Promise<StartedRun> {
  const { mode, target, options = [], prefix = [] } = request;
  const words = [
    ...prefix,
    ...[process.execPath, BINARY, ...OPTIONS[mode], ...host.options, ...options],
    ...['--', ...target],
  ];
  return mode === 'view' ? startInTerminal(host, words) : startWithPipes(host, words);
}

function startWithPipes(host: FuzzHost, words: readonly string[]): StartedRun {
  const { mark, env } = host.newMark();
  const [command = '', ...args] = words;
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output = collect([child.stdout, child.stderr]);
  const ended = new Promise<EndedRun>((resolve) => {
    // A target that outlives cmemstat keeps the pipes open.
    child.on('exit', (status, signal) => setTimeout(() => resolve({ status, signal, output: output() }), 20));
  });
  const pid = child.pid ?? 0;
  return { mark, pid, outerPid: pid, ended };
}

function collect(streams: readonly NodeJS.ReadableStream[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
  }
  return () => text;
}

/** The shell around the command says which process it is, how it ended, and how the terminal was. */
const IN_TERMINAL = `
trap : INT QUIT
stty rows 30 cols 100
stty -g >"$FILES.before"
sh -c 'echo $$ >"$FILES.pid.new"; mv "$FILES.pid.new" "$FILES.pid"; exec "$@"' sh "$@"
echo $? >"$FILES.status"
stty -g >"$FILES.after"
`;

async function startInTerminal(host: FuzzHost, words: readonly string[]): Promise<StartedRun> {
  const { mark, env } = host.newMark();
  const files = join(host.folder, 'terminal');
  for (const name of ['before', 'pid', 'status', 'after']) rmSync(`${files}.${name}`, { force: true });
  const line = `exec ${['sh', '-c', IN_TERMINAL, 'sh', ...words].map(quote).join(' ')}`;
  const child = spawn('script', ['-qfec', line, '/dev/null'], {
    env: { ...env, FILES: files, SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdin.on('error', () => {});
  const output = collect([child.stdout, child.stderr]);
  const ended = new Promise<EndedRun>((resolve) => {
    child.on('exit', (_, signal) => {
      const read = (name: string) =>
        existsSync(`${files}.${name}`) ? readFileSync(`${files}.${name}`, 'utf8').trim() : undefined;
      const [status, before, after] = [read('status'), read('before'), read('after')];
      const end = { signal, output: output(), status: status === undefined ? null : Number(status) };
      resolve(before === undefined || after === undefined ? end : { ...end, terminal: { before, after } });
    });
  });
  await untilTrue(() => existsSync(`${files}.pid`), 20_000);
  const pid = Number(readFileSync(`${files}.pid`, 'utf8'));
  return { mark, pid, outerPid: child.pid ?? 0, ended, type: (text) => void child.stdin.write(text) };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Waits for the end of a run; one that does not end is killed. */
export async function awaitEnd(run: StartedRun, patienceMs = 30_000): Promise<EndedRun | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  const end = await Promise.race([run.ended, late]);
  clearTimeout(timer);
  if (end !== undefined) return end;
  for (const { pid } of processesWith(run.mark)) tryKill(pid);
  tryKill(run.outerPid);
  await run.ended;
  return undefined;
}

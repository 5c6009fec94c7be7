/** The command in a terminal, as seen by a user. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { widthOf } from '#src/view/text/cells.ts';
import { agent, BINARY, type Recording, readRecording, scratch } from '../harness.ts';
import { shellQuote, type TerminalOptions, type TmuxTerminal, tmux, until } from '../terminal.ts';

/** The built command, for the shell. */
export const CMEMSTAT = `${shellQuote(process.execPath)} ${shellQuote(BINARY)}`;

/** The example agent for a minute, for the shell. */
export const AGENT = agent(60).map(shellQuote).join(' ');

/** A window in which the view opens, for targets that may end before anything is shown. */
export function startView(
  args: string,
  options: Omit<TerminalOptions, 'command'> = {},
): Promise<TmuxTerminal> {
  return tmux({ ...options, command: `exec ${CMEMSTAT} ${args}` });
}

/** A window with the view in it, once it shows a sample. */
export async function openView(...how: Parameters<typeof startView>): Promise<TmuxTerminal> {
  const terminal = await startView(...how);
  await terminal.waitFor(/running.*samples/s);
  return terminal;
}

/** A program for `sh -c`, as a target. */
export function script(text: string): string {
  return `sh -c ${shellQuote(text)}`;
}

/** A new folder. */
export function newFolder(): string {
  return mkdtempSync(join(scratch, 'view-'));
}

/** A file of a recording, once it is complete. */
export async function readWhole(file: string): Promise<Recording> {
  const text = await until(`the summary in ${file}`, () => {
    const now = readFileSync(file, 'utf8');
    return /^\{"type":"summary".*\n$/m.test(now) ? now : undefined;
  });
  return readRecording({ status: 0, signal: null, stdout: text, stderr: '' });
}

/** A click at a column and a row, both starting at 0. */
export async function click(terminal: TmuxTerminal, column: number, row: number): Promise<void> {
  await terminal.type(`\x1b[<0;${column + 1};${row + 1}M\x1b[<0;${column + 1};${row + 1}m`);
}

export async function wheel(terminal: TmuxTerminal, direction: 'up' | 'down', row: number): Promise<void> {
  await terminal.type(`\x1b[<${direction === 'up' ? 64 : 65};5;${row + 1}M`);
}

/** The row of the first line with the pattern in it. */
export function rowOf(screen: string, pattern: RegExp): number {
  const row = screen.split('\n').findIndex((line) => pattern.test(line));
  expect(row, `${pattern} in\n${screen}`).toBeGreaterThanOrEqual(0);
  return row;
}

/** The columns at which a line has this text. */
export function columnsOf(line: string, text: string): number[] {
  const columns: number[] = [];
  for (let at = line.indexOf(text); at >= 0; at = line.indexOf(text, at + text.length))
    columns.push(widthOf(line.slice(0, at)));
  return columns;
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

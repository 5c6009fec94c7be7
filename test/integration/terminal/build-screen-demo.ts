/** Shared helpers for tests with the demo of the screen. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { bundle, NODE_PATH } from '../../bundle.ts';
import { scratch, TARGETS } from '../harness.ts';
import { needsScript, needsTmux, shellQuote, until } from '../terminal.ts';

/** The demo as a script for Node. */
export const demo = join(scratch, 'screen-demo.cjs');

const NODE = `${shellQuote(process.execPath)} --stack-trace-limit=3`;

/** The demo, as a shell command line; its traces leave the rest of a small screen visible. */
export const DEMO = `NODE_PATH=${shellQuote(NODE_PATH)} ${NODE} ${shellQuote(demo)}`;

/** Builds the demo; called once per file. */
export function buildDemo(): void {
  beforeAll(() => {
    if (!needsScript.has && !needsTmux.has) return;
    bundle(join(TARGETS, 'screen-demo.ts'), demo, ['blessed']);
  });
}

/** A path for a new file. */
export function newFile(name: string): string {
  return join(mkdtempSync(join(scratch, 'screen-')), name);
}

/** The lines of the demo's report, once one of them exists. */
export async function reported(file: string, line: string): Promise<string[]> {
  return until(`the line ${line} of the report`, () => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    return lines.includes(line) ? lines.slice(0, -1) : undefined;
  });
}

/** The only child of a shell. */
export function childOf(shell: number): number {
  return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')[0]);
}

/** Resolves when a process has ended. */
export async function gone(pid: number): Promise<void> {
  await until(`the end of ${pid}`, () => {
    try {
      return readPidStat(pid).state === 'Z' ? true : undefined;
    } catch {
      return true;
    }
  });
}

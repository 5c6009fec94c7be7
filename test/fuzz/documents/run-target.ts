/** Runs one target of documents in processes of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_MS } from '../check-input.ts';
import type { DocumentTarget } from './document-target.ts';
import { type Failure, makeInput } from './run-inputs.ts';
import type { WorkerMessage } from './worker.ts';

/** After this time without a next input, the input is one that never ends. Unit: milliseconds. */
const HANGS_AFTER_MS = 30 * MAX_MS;

/** The heap of the worker. Unit: MiB. */
const MAX_HEAP_MIB = 1024;

/** The number of failures that ends a target: the first ones say what is wrong. */
const MAX_FAILURES = 50;

/** What a target found. */
export interface TargetResult {
  tried: number;
  /** How many were read, not refused. */
  read: number;
  seconds: number;
  failures: Failure[];
}

/** Runs a target for some time; never throws for an input. */
export async function runTarget(
  target: DocumentTarget,
  seed: number,
  seconds: number,
): Promise<TargetResult> {
  const directory = mkdtempSync(join(tmpdir(), 'cmemstat-fuzz-progress-'));
  const result: TargetResult = { tried: 0, read: 0, seconds: 0, failures: [] };
  try {
    for (let from = 0; result.seconds < seconds && result.failures.length < MAX_FAILURES; ) {
      const part = { seed, from, seconds: seconds - result.seconds, file: join(directory, 'index') };
      from = await runWorker(target, part, result);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return result;
}

interface Part {
  seed: number;
  from: number;
  seconds: number;
  /** Where the worker writes the index of its input. */
  file: string;
}

/** Runs one worker to its end; returns the index to continue at. */
async function runWorker(target: DocumentTarget, part: Part, result: TargetResult): Promise<number> {
  const { seed, from, seconds, file } = part;
  const start = performance.now();
  const child = fork(
    join(import.meta.dirname, 'worker.ts'),
    [target.name, String(seed), String(from), String(seconds), file],
    {
      execArgv: [...process.execArgv, `--max-old-space-size=${MAX_HEAP_MIB}`],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    },
  );
  let stderr = '';
  let ended: (WorkerMessage & { kind: 'end' }) | undefined;
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk}`.slice(-4000);
  });
  child.on('message', (message: WorkerMessage) => {
    if (message.kind === 'end') ended = message;
    else {
      const { index, fault, base64 } = message;
      result.failures.push({ index, fault, input: Buffer.from(base64, 'base64') });
      if (result.failures.length >= MAX_FAILURES) child.kill('SIGKILL');
    }
  });
  const isHanging = await watch(child, file);
  const last = readIndex(file) ?? from;
  result.tried += ended?.tried ?? Math.max(0, last - from);
  result.read += ended?.read ?? 0;
  result.seconds += ended?.seconds ?? (performance.now() - start) / 1000;
  if (ended !== undefined || result.failures.length >= MAX_FAILURES) return last + 1;
  const fault = isHanging ? `took more than ${HANGS_AFTER_MS} ms` : `ended the process: ${stderr}`;
  result.failures.push({ index: last, fault, input: makeInput(target, seed, last) });
  return last + 1;
}

/** Waits for the end of a worker; ends it if its input does not change. */
async function watch(child: ChildProcess, file: string): Promise<boolean> {
  let isHanging = false;
  let before: number | undefined;
  const timer = setInterval(() => {
    const now = readIndex(file);
    // Undefined until the modules are loaded.
    isHanging = now !== undefined && now === before;
    before = now;
    if (isHanging) child.kill('SIGKILL');
  }, HANGS_AFTER_MS);
  await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  return isHanging;
}

function readIndex(file: string): number | undefined {
  try {
    const bytes = readFileSync(file);
    return bytes.length < 8 ? undefined : bytes.readDoubleLE();
  } catch {
    return undefined;
  }
}

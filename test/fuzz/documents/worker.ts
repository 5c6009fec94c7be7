/**
 * The process that reads documents: an input that takes all memory, or never ends, ends this process alone.
 * Arguments: the target, the seed, the first index, the time in seconds, and the file for the index.
 */
import { openSync, writeSync } from 'node:fs';
import { DOCUMENT_TARGETS } from './document-targets.ts';
import { runInputs } from './run-inputs.ts';

/** What the worker sends. */
export type WorkerMessage =
  | { kind: 'failure'; index: number; fault: string; base64: string }
  | { kind: 'end'; tried: number; read: number; seconds: number };

const [name, seed, from, seconds, progressFile = '/dev/null'] = process.argv.slice(2);
const target = DOCUMENT_TARGETS.find((each) => each.name === name);
if (target === undefined) throw new Error(`no target ${name}`);

// Written before each input: the parent reads it when an input does not end.
const progress = openSync(progressFile, 'w');
const index = Buffer.alloc(8);

const start = performance.now();
const secondsSoFar = () => (performance.now() - start) / 1000;
const counts = await runInputs(target, {
  seed: Number(seed),
  from: Number(from),
  isDone: () => secondsSoFar() >= Number(seconds),
  onInput: (next) => {
    index.writeDoubleLE(next);
    writeSync(progress, index, 0, 8, 0);
  },
  onFailure: ({ index: at, fault, input = Buffer.alloc(0) }) =>
    send({ kind: 'failure', index: at, fault, base64: input.toString('base64') }),
});
await new Promise((sent) => process.send?.({ kind: 'end', ...counts, seconds: secondsSoFar() }, sent));
process.disconnect?.();

function send(message: WorkerMessage): void {
  process.send?.(message);
}

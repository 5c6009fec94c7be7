/**
 * `npm run fuzz -- [--minutes N] [--seed N] [TARGET...]`: random inputs, and random ends of runs.
 * `--list` names the targets.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkInput } from './check-input.ts';
import { keepInput, readCorpus } from './corpus.ts';
import type { DocumentTarget } from './documents/document-target.ts';
import { DOCUMENT_TARGETS } from './documents/document-targets.ts';
import { makeInput } from './documents/run-inputs.ts';
import { runTarget } from './documents/run-target.ts';
import { PROCESS_TARGETS } from './processes/process-targets.ts';
import { type ProcessLimits, runProcesses, runSoak } from './processes/run-processes.ts';

const USAGE = `usage: npm run fuzz -- [options] [TARGET...]

  --minutes N   how long, over all targets (default: 1)
  --seed N      the same seed gives the same inputs (default: the time)
  --input N     only the input with this number, of one target
  --file FILE   only this input, for one target
  --runs N      at most this number of runs of a target that starts cmemstat
  --list        list the targets

The targets are those that read documents, unless some are named. Those that start cmemstat need root.`;

/** One long run, which is not a target of many inputs. */
const SOAK = {
  name: 'soak',
  about: 'one run at 1 ms in the view, with short processes: memory and descriptors',
};

/** Maximum number of failures of a target that are printed and kept: most others are the same fault. */
const MAX_KEPT = 5;

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      input: { type: 'string' },
      file: { type: 'string' },
      runs: { type: 'string', default: 'Infinity' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  if (values.list) {
    for (const { name, about } of [...DOCUMENT_TARGETS, ...PROCESS_TARGETS, SOAK]) {
      console.log(`${name.padEnd(16)}${about}`);
    }
    return true;
  }
  const seed = toNumber('--seed', values.seed);
  const minutes = toNumber('--minutes', values.minutes);
  const names = positionals.length === 0 ? DOCUMENT_TARGETS.map(({ name }) => name) : positionals;
  const only = values.input === undefined ? undefined : toNumber('--input', values.input);
  if (names.length > 1 && (only !== undefined || values.file !== undefined)) {
    throw new Error('--input and --file need one target');
  }
  let isSound = true;
  for (const name of names) {
    const limits = { minutes: minutes / names.length, seed, only, runs: toNumber('--runs', values.runs) };
    if (!(await runOne(name, limits, values.file))) isSound = false;
  }
  return isSound;
}

/** Runs one target; returns whether nothing failed. */
async function runOne(name: string, limits: ProcessLimits, file: string | undefined): Promise<boolean> {
  const { seed, minutes, only } = limits;
  if (name === SOAK.name) return runSoak(minutes);
  const starting = PROCESS_TARGETS.find((each) => each.name === name);
  if (starting !== undefined) return runProcesses(starting, limits);
  const reading = findTarget(name);
  if (file !== undefined) return tryOne(reading, readFileSync(file));
  if (only !== undefined) return tryOne(reading, makeInput(reading, seed, only));
  return tryMany(reading, seed, minutes * 60);
}

function findTarget(name: string): DocumentTarget {
  const target = DOCUMENT_TARGETS.find((each) => each.name === name);
  if (target === undefined) throw new Error(`no target ${name} (hint: npm run fuzz -- --list)`);
  return target;
}

function toNumber(option: string, text: string): number {
  const number = Number(text);
  if (text === '' || !(number >= 0)) throw new Error(`${option} ${text}: expected a number`);
  return number;
}

async function tryOne(target: DocumentTarget, input: Buffer): Promise<boolean> {
  const outcome = await checkInput(target, input);
  console.log(
    `${target.name}: ${outcome.kind === 'fault' ? `FAILED: ${shorten(outcome.fault)}` : outcome.kind}`,
  );
  return outcome.kind !== 'fault';
}

async function tryMany(target: DocumentTarget, seed: number, seconds: number): Promise<boolean> {
  for (const { file, input } of readCorpus(target.name)) {
    const outcome = await checkInput(target, input);
    if (outcome.kind === 'fault') console.log(`  ${file} FAILED again: ${shorten(outcome.fault)}`);
  }
  const { tried, read, failures, ...times } = await runTarget(target, seed, seconds);
  console.log(
    `${target.name}: ${tried} inputs (${read} read, the others refused) in ${times.seconds.toFixed(0)} s, ${failures.length} failures, seed ${seed}`,
  );
  const faults = new Set<string>();
  for (const { index, fault, input } of failures) {
    const kind = kindOf(fault);
    if (faults.has(kind) || faults.size >= MAX_KEPT) continue;
    faults.add(kind);
    console.log(`  FAILED: ${shorten(fault)}`);
    console.log(`    repeat: npm run fuzz -- --seed ${seed} --input ${index} ${target.name}`);
    if (input !== undefined) console.log(`    kept: ${keepInput(target.name, target.extension, input)}`);
  }
  return failures.length === 0;
}

/** The first lines of a fault, and not all of a line that quotes the input. */
function shorten(fault: string): string {
  const lines = fault.split('\n').slice(0, 6);
  return lines.map((line) => (line.length > 200 ? `${line.slice(0, 200)}...` : line)).join('\n    ');
}

/** The same for failures with one cause: without the values, and of a stack the innermost call alone. */
function kindOf(fault: string): string {
  const call = /\n\s+at [^\n]*/.exec(fault)?.[0] ?? '';
  return `${(fault.split('\n')[0] ?? '').replaceAll(/\d+|'[^']*'/g, '').slice(0, 60)}${call}`;
}

process.exitCode = (await main()) ? 0 : 1;

/**
 * Reads files that can be compared: recordings, summaries and baselines, of one or several runs, detected by
 * content.
 */
import { InputError } from '../../errors.ts';
import { parseDocument } from '../../format/parse-document.ts';
import { safeText } from '../../format/safe-text.ts';
import { identifyDocument } from '../../recording/identify-document.ts';
import { LineSplitter } from '../../recording/line-splitter.ts';
import { CHUNK_BYTES, MAX_LEADING_BYTES, openSource, STDIN } from '../../recording/open-source.ts';
import { parseRecordLine } from '../../recording/parse-line.ts';
import { type Baseline, makeBaseline, runsOfBaseline } from './baseline.ts';
import type { Side } from './host-doubts.ts';
import { parseBaseline } from './parse-baseline.ts';
import { RunCollector, type RunFigures } from './run-figures.ts';

/** A side that was read from a file. */
export interface ReadSide extends Side {
  /** From the file, or computed from its runs. */
  baseline: Baseline;
}

/** Our documents that contain no figures of runs, with the reason. */
const WITHOUT_RUNS: Readonly<Record<string, string>> = {
  verdict: 'a verdict contains only the values of its budgets',
  comparison: 'a comparison contains only differences',
};

/**
 * Reads a file: a recording (possibly of several consecutive runs), summaries, or a baseline. `-` is standard
 * input. The file is read line by line, so a recording may have any size.
 * @throws InputError if it cannot be read or has another format.
 */
export async function readSide(path: string): Promise<ReadSide> {
  const name = path === STDIN ? 'standard input' : path;
  const collector = new RunCollector();
  const otherLines: string[] = [];
  let isRecording = false;
  const onLine = (line: string | undefined) => {
    // The first line of a pretty-printed document contains only a brace; damaged lines of a recording are
    // skipped.
    if (line !== undefined && addRecord(collector, line, name)) isRecording = true;
    else if (!isRecording) otherLines.push(line ?? '');
  };
  const source = await openSource(path);
  try {
    const splitter = new LineSplitter();
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let position = 0, length = -1; length !== 0; position += length) {
      length = await source.read(chunk, position);
      splitter.push(chunk.subarray(0, length), onLine);
      if (!isRecording && position > MAX_LEADING_BYTES) throw notComparable(name);
    }
    splitter.end(onLine);
  } finally {
    await source.close();
  }
  return isRecording ? sideOf(name, collector.finish()) : readComparable(otherLines.join('\n'), name);
}

/** Reads the file of `--baseline` with `readSide`. @throws InputError that names the option and the file. */
export async function readBaseline(path: string): Promise<ReadSide> {
  try {
    return await readSide(path);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(path, `--baseline ${error.message}`, { hint: error.hint, cause: error });
  }
}

/**
 * Parses a single document: a summary or a baseline.
 * @throws InputError if it is something else.
 */
export function readComparable(document: unknown, name: string): ReadSide {
  const value = typeof document === 'string' ? parseJson(document, name) : document;
  const type = (value as { type?: unknown } | null)?.type;
  if (type === 'baseline') {
    const baseline = parseBaseline(value, name);
    return { name, runs: runsOfBaseline(baseline), baseline };
  }
  const collector = new RunCollector();
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  if (addRecord(collector, text, name)) return sideOf(name, collector.finish());
  const why = typeof type === 'string' && Object.hasOwn(WITHOUT_RUNS, type) ? WITHOUT_RUNS[type] : undefined;
  const kind = why === undefined ? identifyDocument(value, name) : undefined;
  throw notComparable(name, why ?? (kind === undefined ? undefined : `this is ${kind.name}`));
}

/** False if the line is not a record. */
function addRecord(collector: RunCollector, line: string, name: string): boolean {
  const parsed = parseRecordLine(line, safeText(name));
  // The host of a damaged start record would be unknown, and doubts about it with it.
  if ('damaged' in parsed && parsed.damaged.startsWith('start: ')) throw notComparable(name, parsed.damaged);
  if (!('record' in parsed)) return false;
  collector.add(parsed.record);
  return true;
}

function sideOf(name: string, runs: RunFigures[]): ReadSide {
  const baseline = makeBaseline(runs);
  if (baseline === undefined) throw notComparable(name, 'neither a start record nor a summary');
  return { name, runs, baseline };
}

function parseJson(text: string, name: string): unknown {
  try {
    return parseDocument(text);
  } catch {
    throw notComparable(name);
  }
}

function notComparable(name: string, why?: string): InputError {
  return new InputError(
    name,
    safeText(`${name}: not a cmemstat recording, summary or baseline${why === undefined ? '' : ` (${why})`}`),
    { hint: 'record a run with cmemstat --output FILE -- COMMAND' },
  );
}

/**
 * Opens all requested outputs before anything is started, so that an unwritable output costs nothing.
 */
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { describeErrno, errnoOf, type OutputError, UsageError } from '../errors.ts';
import { LineWriter } from './line-writer.ts';
import { StandardErrorLog } from './log.ts';
import { NdjsonSink } from './ndjson.ts';
import type { Sink } from './sink.ts';
import { SummaryJsonSink } from './summary-json.ts';
import { TableSink } from './table.ts';

/** The requested outputs. */
export interface OutputRequest {
  json: boolean;
  output: string | undefined;
  summaryJson: string | undefined;
  quiet: boolean;
  /** Without the summary at the end. */
  noSummary: boolean;
  verbose: boolean;
  /** No output on standard error: one of several runs. */
  silent: boolean;
  plainBytes: boolean;
}

/** The outputs of one run. */
export interface Outputs {
  /** The recordings and the file of the summary. */
  recorders: Sink[];
  /** Text on standard error; absent with `--json` on standard output. */
  table: Sink | undefined;
  /** Lines on standard error, in order with the table. */
  log: StandardErrorLog;
  /** Another output could not be written. */
  fail(error: OutputError): void;
  /** The first output that failed although its reader was still open. */
  readonly failure: OutputError | undefined;
  close(): void;
}

/** Whether a path refers to the regular file that is open as `fd`, under any name. */
function isSameFile(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const open = fstatSync(fd);
  return there?.isFile() === true && there.dev === open.dev && there.ino === open.ino;
}

const STDOUT = 1;
const STDERR = 2;

/** @throws UsageError that names the option and the file that cannot be written. */
export function openOutputs(request: OutputRequest): Outputs {
  const opened: number[] = [];
  const close = () => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  let failure: OutputError | undefined;
  const noteFailure = (error: OutputError) => {
    // The reader has closed the pipe, as `| head` does, which is not a failure.
    if (errnoOf(error.cause) !== 'EPIPE') failure ??= error;
  };
  // A failure of standard error can only be reported by the exit status.
  const stderr = new LineWriter(STDERR, 'standard error', noteFailure);
  const log = new StandardErrorLog(stderr, request);
  const onError = (error: OutputError) => {
    log.warn(`${error.message}; the target continues`);
    noteFailure(error);
  };
  const writerTo = (option: string, path: string): LineWriter => {
    try {
      if (opened.some((fd) => isSameFile(fd, path))) {
        throw new UsageError(option, `${option} ${path}: another output goes to the same file`);
      }
      const fd = openSync(path, 'w');
      opened.push(fd);
      return new LineWriter(fd, path, onError);
    } catch (error) {
      close();
      if (error instanceof UsageError) throw error;
      throw new UsageError(option, `${option} ${path}: ${describeErrno(errnoOf(error))}`);
    }
  };
  const recorders: Sink[] = [];
  if (request.output !== undefined) recorders.push(new NdjsonSink(writerTo('--output', request.output)));
  if (request.summaryJson !== undefined) {
    recorders.push(new SummaryJsonSink(writerTo('--summary-json', request.summaryJson)));
  }
  if (request.json) recorders.push(new NdjsonSink(new LineWriter(STDOUT, 'standard output', onError)));
  return {
    recorders,
    table: request.json || request.silent ? undefined : new TableSink(stderr, request),
    log,
    fail: onError,
    get failure() {
      return failure;
    },
    close,
  };
}

/** Opening every output that was asked for, before anything is started: what can't be written must cost nothing. */
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { describeErrno, errnoOf, type OutputError, UsageError } from '../errors.ts';
import { LineWriter } from './line-writer.ts';
import { NdjsonSink } from './ndjson.ts';
import type { Sink } from './sink.ts';
import { SummaryJsonSink } from './summary-json.ts';
import { TableSink } from './table.ts';

/** What is shown and kept. */
export interface OutputRequest {
  json: boolean;
  output: string | undefined;
  summaryJson: string | undefined;
  quiet: boolean;
  plainBytes: boolean;
}

/** The outputs of one run. */
export interface Outputs {
  sinks: Sink[];
  /** One line on standard error, in order with the table. */
  say(line: string): void;
  /** Settles when standard error has taken everything. */
  flush(): Promise<void>;
  /** The first output that failed although its reader was still there. */
  readonly failure: OutputError | undefined;
  close(): void;
}

/** Whether a path leads to the regular file that is open as `fd`, under whatever name. */
function isSameFile(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const open = fstatSync(fd);
  return there !== undefined && there.isFile() && there.dev === open.dev && there.ino === open.ino;
}

const STDOUT = 1;
const STDERR = 2;

/** @throws UsageError that names the option and the file which can't be written. */
export function openOutputs(request: OutputRequest): Outputs {
  const opened: number[] = [];
  let failure: OutputError | undefined;
  // Standard error is where failures are told: its own can't be.
  const stderr = new LineWriter(STDERR, 'standard error', () => {});
  const say = (line: string) => stderr.write(line, true);
  const onError = (error: OutputError) => {
    say(`cmemstat: ${error.message}; the target goes on`);
    // `| head` has seen enough: that is how a pipeline ends, and no failure.
    if (errnoOf(error.cause) !== 'EPIPE') failure ??= error;
  };
  const writerTo = (option: string, path: string): LineWriter => {
    if (opened.some((fd) => isSameFile(fd, path))) {
      for (const fd of opened) closeSync(fd);
      throw new UsageError(option, `${option} ${path}: another output goes to the same file`);
    }
    try {
      const fd = openSync(path, 'w');
      opened.push(fd);
      return new LineWriter(fd, path, onError);
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw new UsageError(option, `${option} ${path}: ${describeErrno(errnoOf(error))}`);
    }
  };
  const sinks: Sink[] = [];
  if (request.output !== undefined) sinks.push(new NdjsonSink(writerTo('--output', request.output)));
  if (request.summaryJson !== undefined) {
    sinks.push(new SummaryJsonSink(writerTo('--summary-json', request.summaryJson)));
  }
  if (request.json) sinks.push(new NdjsonSink(new LineWriter(STDOUT, 'standard output', onError)));
  else sinks.push(new TableSink(stderr, { plainBytes: request.plainBytes, quiet: request.quiet }));
  return {
    sinks,
    say,
    flush: () => stderr.flush(),
    get failure() {
      return failure;
    },
    close: () => {
      for (const fd of opened.splice(0)) closeSync(fd);
    },
  };
}

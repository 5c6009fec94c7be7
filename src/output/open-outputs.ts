/**
 * Opens all requested outputs before anything is started, so that an unwritable output costs nothing. The
 * modules for files are only loaded if there are some.
 */
import { errnoOf, OutputError, UsageError } from '../errors.ts';
import type { FileAccess } from '../kernel/files/file-place.ts';
import type { OutputStream } from '../kernel/files/output-stream.ts';
import { LineWriter } from './line-writer.ts';
import { StandardErrorLog } from './log.ts';
import { NdjsonSink } from './ndjson.ts';
import type { Sink } from './sink.ts';
import { SummaryJsonSink } from './summary-json.ts';
import { TableSink } from './table.ts';
import type { TextFile } from './text-file.ts';

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
  /** The target was started: removes what the recording held before. */
  begin(): void;
  /** Closes the files; one that was created is removed again unless the target was started. */
  close(): void;
}

const STDOUT = 1;
const STDERR = 2;

/** @throws UsageError that names the option and the file that cannot be written. */
export async function openOutputs(
  request: OutputRequest,
  { directories, onWait }: FileAccess = {},
): Promise<Outputs> {
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
  const { output, summaryJson } = request;
  const recorders: Sink[] = [];
  let stream: OutputStream | undefined;
  let summaryFile: TextFile | undefined;
  if (output !== undefined) {
    const { FilePlace } = await import('../kernel/files/file-place.ts');
    const { openStream } = await import('../kernel/files/output-stream.ts');
    stream = await openStream(new FilePlace('--output', output, directories), { onWait });
    recorders.push(new NdjsonSink(new LineWriter(stream.fd, output, onError)));
  }
  try {
    if (summaryJson !== undefined) {
      const { openTextFile } = await import('./text-file.ts');
      summaryFile = openTextFile('--summary-json', summaryJson, directories);
      recorders.push(new SummaryJsonSink(summaryFile, onError));
    }
  } catch (error) {
    stream?.close();
    throw error;
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
    begin() {
      stream?.keep();
      try {
        stream?.empty();
      } catch (cause) {
        if (!(cause instanceof UsageError)) throw cause;
        // Without a recording: it would begin with an earlier one.
        recorders.shift();
        onError(new OutputError(output ?? '', cause.message, { cause }));
      }
    },
    close() {
      stream?.close();
      summaryFile?.close();
    },
  };
}

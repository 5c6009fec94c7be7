/** `cmemstat export`: recordings in the formats of other tools. */
import { isatty } from 'node:tty';
import { InputError, InterruptedError, UsageError } from '../../errors.ts';
import type { Exporter, ExportFormatName, RowKind } from '../../export/export-format.ts';
import { FirefoxProfile } from '../../export/firefox-profile.ts';
import { InfluxLines } from '../../export/influx-lines.ts';
import { OpenMetricsText } from '../../export/open-metrics.ts';
import { PerfettoTrace } from '../../export/perfetto-trace.ts';
import { delimitedExporter } from '../../export/record-rows.ts';
import { type ExportedRun, Runs } from '../../export/run-context.ts';
import { NameHider } from '../../export/without-names.ts';
import { plural } from '../../format/plural.ts';
import { safeLine } from '../../format/safe-text.ts';
import type { RecordLine } from '../../model/recording.ts';
import { CHUNK_BYTES, openSource, STDIN } from '../../recording/open-source.ts';
import { readRecording } from '../../recording/read-recording.ts';
import type { LineCounts } from '../../recording/record-lines.ts';
import { tryStat } from '../../try-stat.ts';
import { type Destination, fileDestination, isSameAs, standardDestination } from './document-file.ts';
import { ScratchFile } from './scratch-file.ts';

/** What to export, and how. */
export interface ExportJob {
  /** Recordings, or `-`. */
  files: readonly string[];
  format: ExportFormatName;
  /** What a row of a CSV or TSV document is. */
  rows: RowKind;
  /** Undefined for standard output. */
  output: string | undefined;
  /** Whether names of commands, files, cgroups and maps are part of it. */
  names: boolean;
}

/** Chunks are collected up to this size. Unit: characters or bytes. */
const WRITE_AT = 64 * 1024;

const STANDARD_OUTPUT = 1;

/** They end the export, and leave what `--output` names as it was. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Time for leaving the files as they were after a signal: a named pipe may never be opened or read at its
 * other end. Unit: milliseconds.
 */
const STUCK_MS = 500;

/** A recording, and the path of what is read: a copy if it can be read only once. */
interface Input {
  name: string;
  path: string;
}

/**
 * Writes the document; returns the exit status.
 * @throws UsageError; InputError if a recording cannot be read; OutputError; InterruptedError at a signal.
 */
export async function exportRecordings(job: ExportJob): Promise<number> {
  checkOutput(job);
  const abort = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  const isStuck = new Promise<void>((resolve) => {
    abort.signal.addEventListener('abort', () => setTimeout(resolve, STUCK_MS).unref(), { once: true });
  });
  const onSignal = (signal: NodeJS.Signals) => {
    signalled ??= signal;
    abort.abort();
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    await Promise.race([write(job, abort.signal), isStuck]);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  if (signalled !== undefined) throw new InterruptedError(signalled);
  return 0;
}

async function write(job: ExportJob, signal: AbortSignal): Promise<void> {
  const { files, output } = job;
  const scratch = new ScratchFile();
  const copy = new ScratchFile();
  let destination: Destination | undefined;
  try {
    const exporter = createExporter(job, scratch);
    destination = output === undefined ? standardDestination() : await fileDestination('--output', output);
    const isSurveyed = exporter.survey !== undefined;
    const inputs: Input[] = [];
    for (const file of files) inputs.push(await openInput(file, isSurveyed, copy, signal));
    await new Export(job, exporter, destination, signal).write(inputs);
    if (!signal.aborted) await destination.finish();
  } finally {
    destination?.close();
    scratch.close();
    copy.close();
  }
}

function checkOutput({ files, format, output }: ExportJob): void {
  if (files.filter((file) => file === STDIN).length > 1) {
    throw new UsageError('files', 'export: standard input can be given once');
  }
  if (output === undefined) {
    if (format !== 'perfetto' || !isatty(STANDARD_OUTPUT)) return;
    const hint = 'cmemstat export RECORDING --format perfetto -o FILE.pftrace';
    throw new UsageError('--format', '--format perfetto: not written to a terminal, as it is binary', hint);
  }
  const inputs = files
    .flatMap((file) => tryStat(file === STDIN ? '/dev/stdin' : file) ?? [])
    .map(({ dev, ino }) => ({ dev: Number(dev), ino: Number(ino) }));
  if (isSameAs(output, inputs)) {
    throw new UsageError('--output', `--output ${output}: is one of the recordings`, 'name another file');
  }
}

function createExporter({ format, rows }: ExportJob, scratch: ScratchFile): Exporter {
  switch (format) {
    case 'perfetto':
      return new PerfettoTrace();
    case 'firefox':
      return new FirefoxProfile(scratch);
    case 'openmetrics':
      return new OpenMetricsText(scratch);
    case 'csv':
      return delimitedExporter(rows, ',');
    case 'tsv':
      return delimitedExporter(rows, '\t');
    case 'influx':
      return new InfluxLines();
  }
}

/** What can be read only once is copied if it has to be read twice. */
async function openInput(
  file: string,
  isSurveyed: boolean,
  copy: ScratchFile,
  signal: AbortSignal,
): Promise<Input> {
  const name = file === STDIN ? 'standard input' : file;
  if (!isSurveyed || (file !== STDIN && tryStat(file)?.isFile() === true)) return { name, path: file };
  const source = await openSource(file);
  try {
    if (source.isFile) return { name, path: file };
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    while (!signal.aborted) {
      const length = await source.read(chunk, 0);
      if (length === 0) break;
      copy.append(chunk.subarray(0, length));
    }
    return { name, path: copy.path };
  } finally {
    await source.close();
  }
}

/** One pass over the recordings, or two. */
class Export {
  readonly #job: ExportJob;
  readonly #exporter: Exporter;
  readonly #destination: Destination;
  readonly #signal: AbortSignal;
  #chunks: (string | Uint8Array)[] = [];
  #length = 0;
  /** What a row is; samples in formats without rows. */
  readonly #kind: RowKind;
  /** Records of this kind. */
  #found = 0;

  constructor(job: ExportJob, exporter: Exporter, destination: Destination, signal: AbortSignal) {
    this.#job = job;
    this.#kind = job.format === 'csv' || job.format === 'tsv' ? job.rows : 'samples';
    this.#exporter = exporter;
    this.#destination = destination;
    this.#signal = signal;
  }

  async write(inputs: readonly Input[]): Promise<void> {
    const exporter = this.#exporter;
    if (exporter.survey !== undefined) {
      for (const input of inputs) {
        await this.#scan(input, async (record) => {
          if (record.type !== 'start') exporter.survey?.(record);
        });
      }
    }
    await this.#add(exporter.head?.() ?? '');
    const runs = new Runs();
    for (const input of inputs) {
      let run: ExportedRun | undefined;
      const counts = await this.#scan(input, async (record) => {
        if (record.type === 'start') {
          run = runs.begin(record);
          await this.#add(exporter.begin?.(run) ?? '');
        } else if (run !== undefined) {
          if (record.type === TYPES[this.#kind]) this.#found += 1;
          await this.#add(exporter.convert(record, run));
        }
      });
      this.#noteDamage(input, counts);
    }
    for (const chunk of exporter.end?.() ?? []) {
      if (this.#isDone) return;
      await this.#add(chunk);
    }
    await this.#flush();
    if (!this.#isDone) this.#noteRest();
  }

  get #isDone(): boolean {
    return this.#signal.aborted || this.#destination.isClosed;
  }

  async #scan({ name, path }: Input, onRecord: (record: RecordLine) => Promise<void>): Promise<LineCounts> {
    const hider = this.#job.names ? undefined : new NameHider();
    const reading = readRecording(path, { signal: this.#signal });
    try {
      for await (const { record } of reading) {
        if (this.#isDone) break;
        await onRecord(hider?.hide(record) ?? record);
      }
    } catch (error) {
      // Figures that no format can hold.
      if (error instanceof RangeError) {
        throw new InputError(name, `${name}: line ${reading.counts.lines} or before: ${error.message}`);
      }
      throw error;
    }
    return reading.counts;
  }

  async #add(chunk: string | Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length >= WRITE_AT) await this.#flush();
  }

  async #flush(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#length = 0;
    if (chunks.length === 0) return;
    // A document is text or binary.
    const texts = chunks.filter((chunk) => typeof chunk === 'string');
    const bytes = chunks.filter((chunk) => typeof chunk !== 'string');
    await this.#destination.write(bytes.length > 0 ? Buffer.concat(bytes) : Buffer.from(texts.join('')));
  }

  #noteDamage({ name }: Input, { damaged, firstDamage, unknown }: LineCounts): void {
    if (this.#isDone) return;
    if (damaged > 0) {
      const { line = 0, fault = '' } = firstDamage ?? {};
      log(`${name}: ${plural(damaged, 'damaged line')} left out; the first is line ${line}: ${fault}`);
    }
    if (unknown > 0) log(`${name}: ${plural(unknown, 'line')} of a newer cmemstat left out`);
  }

  #noteRest(): void {
    for (const note of this.#exporter.notes?.() ?? []) log(note);
    if (this.#found > 0) return;
    log(`the recording contains no ${NAMES[this.#kind]}`);
  }
}

const NAMES: Readonly<Record<RowKind, string>> = {
  samples: 'samples',
  maps: 'BPF maps',
  processes: 'processes',
  events: 'events',
  explain: 'memory by name (hint: record it with --explain)',
};

const TYPES: Readonly<Record<RowKind, RecordLine['type']>> = {
  samples: 'sample',
  maps: 'maps',
  processes: 'processes',
  events: 'event',
  explain: 'explain',
};

function log(text: string): void {
  process.stderr.write(`cmemstat: ${safeLine(text)}\n`);
}

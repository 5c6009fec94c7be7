/** The rows of CSV and TSV documents: samples, maps, processes, events, and memory by name. */
import type { ExplainRecord } from '../model/explain/explain-record.ts';
import type { ProcessesRecord, ProcessRow } from '../model/recorded-processes.ts';
import type { EventRecord, LiveMap, MapsRecord } from '../model/recording.ts';
import type { Sample } from '../model/sample.ts';
import { shiftedDecimal } from './decimal.ts';
import { type Cell, type Column, formatRow, Plain, type Separator } from './delimited-text.ts';
import { explainColumns, explainRows } from './explain-rows.ts';
import type { Exporter, RowKind, RunRecord } from './export-format.ts';
import type { Metric } from './metric-names.ts';
import { type ExportedRun, isoTime, microsOf, secondsText } from './run-context.ts';
import { SampleFigures } from './sample-figures.ts';

/** The exporter of one kind of rows. */
export function delimitedExporter(rows: RowKind, separator: Separator): Exporter {
  switch (rows) {
    case 'samples':
      return new SampleRows(separator);
    case 'maps':
      return new FixedRows(separator, MAP_COLUMNS, (record) =>
        record.type === 'maps' ? mapRows(record) : [],
      );
    case 'processes':
      return new FixedRows(separator, PROCESS_COLUMNS, (record) =>
        record.type === 'processes' ? processRows(record) : [],
      );
    case 'events':
      return new FixedRows(separator, EVENT_COLUMNS, (record) => (record.type === 'event' ? [record] : []));
    case 'explain':
      return new FixedRows(separator, EXPLAIN_COLUMNS, (record) =>
        record.type === 'explain' ? explainedRows(record) : [],
      );
  }
}

/** The first columns of all rows. */
const TIME_COLUMNS = ['run', 'time', 'elapsed_seconds'];

function timeCells(run: ExportedRun, elapsedMs: number): (Cell | Plain)[] {
  return [run.id, isoTime(microsOf(run, elapsedMs)), new Plain(secondsText(elapsedMs))];
}

/** Samples, whose columns are the figures that the recording has. */
class SampleRows implements Exporter {
  readonly #separator: Separator;
  readonly #figures = new SampleFigures();
  readonly #columns = new Map<Metric, number>();
  #names = [...TIME_COLUMNS, 'reason', 'bpf_attribution'];

  constructor(separator: Separator) {
    this.#separator = separator;
  }

  survey(record: RunRecord): void {
    if (record.type !== 'sample') return;
    this.#figures.of(record, (metric) => {
      if (this.#columns.has(metric)) return;
      this.#columns.set(metric, this.#names.length);
      this.#names.push(metric.field);
    });
  }

  head(): string {
    return `${formatRow(this.#names, this.#separator)}\n`;
  }

  convert(record: RunRecord, run: ExportedRun): string {
    return record.type === 'sample' ? `${this.#row(record, run)}\n` : '';
  }

  #row(sample: Sample, run: ExportedRun): string {
    const cells = new Array<Cell | Plain>(this.#names.length).fill(undefined);
    const first = [...timeCells(run, sample.elapsedMs), sample.reason, sample.bpf?.attribution];
    for (const [index, cell] of first.entries()) cells[index] = cell;
    this.#figures.of(sample, (metric, value) => {
      const index = this.#columns.get(metric);
      // The recording has grown since it was surveyed.
      if (index !== undefined) cells[index] = numberCell(value, metric.exponent);
    });
    return formatRow(cells, this.#separator);
  }
}

function numberCell(value: number, exponent = 0): Cell | Plain {
  if (exponent === 0 && Number.isSafeInteger(value)) return value;
  return new Plain(value === Number.POSITIVE_INFINITY ? 'max' : shiftedDecimal(value, exponent));
}

/** Rows with the same columns in each recording. */
class FixedRows<T> implements Exporter {
  readonly #separator: Separator;
  readonly #columns: readonly Column<T>[];
  readonly #rowsOf: (record: RunRecord) => Iterable<T>;

  constructor(
    separator: Separator,
    columns: readonly Column<T>[],
    rowsOf: (record: RunRecord) => Iterable<T>,
  ) {
    this.#separator = separator;
    this.#columns = columns;
    this.#rowsOf = rowsOf;
  }

  head(): string {
    const names = [...TIME_COLUMNS, ...this.#columns.map(([name]) => name)];
    return `${formatRow(names, this.#separator)}\n`;
  }

  convert(record: RunRecord, run: ExportedRun): string {
    if (record.type === 'summary') return '';
    let text = '';
    for (const row of this.#rowsOf(record)) {
      const cells = this.#columns.map(([, cell]) => cell(row));
      text += `${formatRow([...timeCells(run, record.elapsedMs), ...cells], this.#separator)}\n`;
    }
    return text;
  }
}

/** A map at one time; only its id if it no longer belongs to the run. */
type MapRow = { id: number; gone: true } | (LiveMap & { gone?: undefined });

const MAP_COLUMNS: readonly Column<MapRow>[] = [
  ['map_id', ({ id }) => id],
  ['gone', ({ gone }) => gone],
  ['name', ofMap(({ name }) => name)],
  ['type', ofMap(({ type }) => type)],
  ['bytes', ofMap(({ bytes }) => bytes)],
  ['at_least', ofMap(({ atLeast }) => atLeast)],
  ['source', ofMap(({ source }) => source)],
  ['uncharged_bytes', ofMap(({ unchargedBytes }) => unchargedBytes)],
  ['backlog_bytes', ofMap(({ backlogBytes }) => backlogBytes)],
  ['elements', ofMap(({ elements }) => elements)],
  ['max_entries', ofMap(({ max_entries }) => max_entries)],
  ['key_size_bytes', ofMap(({ key_size }) => key_size)],
  ['value_size_bytes', ofMap(({ value_size }) => value_size)],
  ['map_flags', ofMap(({ map_flags }) => map_flags)],
  ['anonymous', ofMap(({ anonymous }) => anonymous)],
  ['elsewhere', ofMap(({ elsewhere }) => elsewhere)],
  ['orphaned', ofMap(({ orphaned }) => orphaned)],
  ['cgroup', ofMap(({ cgroup }) => cgroup)],
  ['holders', ofMap(({ holders }) => holdersText(holders))],
  ['programs', ofMap(({ programs }) => programsText(programs))],
];

function ofMap(cell: (map: LiveMap) => Cell): (row: MapRow) => Cell {
  return (row) => (row.gone === true ? undefined : cell(row));
}

function* mapRows({ maps, gone = [] }: MapsRecord): Generator<MapRow> {
  for (const id of gone) yield { id, gone: true };
  yield* maps;
}

/** `agent[123] agent[124]`. */
export function holdersText(
  holders: readonly { pid: number; comm: string }[] | undefined,
): string | undefined {
  return holders?.map(({ pid, comm }) => `${comm}[${pid}]`).join(' ');
}

/** `count_packets[12]`. */
export function programsText(
  programs: readonly { id: number; name: string }[] | undefined,
): string | undefined {
  return programs?.map(({ id, name }) => `${name}[${id}]`).join(' ');
}

/** A process at one time; only its pid if it has exited or is no longer listed. */
type ProcessTableRow =
  | { pid: number; gone: true }
  | (ProcessRow & { gone?: undefined; user?: string | undefined; command?: readonly string[] | undefined });

const PROCESS_COLUMNS: readonly Column<ProcessTableRow>[] = [
  ['pid', ({ pid }) => pid],
  ['gone', ({ gone }) => gone],
  ['ppid', ofProcess(({ ppid }) => ppid)],
  ['comm', ofProcess(({ comm }) => comm)],
  ['rss_bytes', ofProcess(({ rss }) => rss)],
  ['pss_bytes', ofProcess(({ pss }) => pss)],
  [
    'cpu_ratio',
    ofProcess(({ cpuPercent }) => (cpuPercent === undefined ? undefined : numberCell(cpuPercent, -2))),
  ],
  ['threads', ofProcess(({ threads }) => threads)],
  ['open_fds', ofProcess(({ fds }) => fds)],
  ['cgroup', ofProcess(({ cgroup }) => cgroup)],
  ['user', ofProcess(({ user }) => user)],
  ['command', ofProcess(({ command }) => command?.join(' '))],
];

function ofProcess(
  cell: (process: Exclude<ProcessTableRow, { gone: true }>) => Cell | Plain,
): (row: ProcessTableRow) => Cell | Plain {
  return (row) => (row.gone === true ? undefined : cell(row));
}

function* processRows({ processes, gone = [], programs = [] }: ProcessesRecord): Generator<ProcessTableRow> {
  for (const pid of gone) yield { pid, gone: true };
  const byPid = new Map(programs.map((program) => [program.pid, program]));
  for (const row of processes) {
    const { user, command } = byPid.get(row.pid) ?? {};
    yield { ...row, user, command };
  }
}

const EVENT_COLUMNS: readonly Column<EventRecord>[] = [
  ['event', ({ event }) => event],
  ['count', ({ count }) => count],
  ['increase', ({ increase }) => increase],
  ['local_increase', ({ localIncrease }) => localIncrease],
  ['noticed', ({ noticed }) => noticed],
  ['message', ({ message }) => message],
  ['hint', ({ hint }) => hint],
  ['pid', ({ pid }) => pid],
  ['cgroup', ({ cgroup }) => cgroup],
];

type ExplainedRow = { record: ExplainRecord } & Parameters<(typeof explainColumns)[number][1]>[0];

const EXPLAIN_COLUMNS: readonly Column<ExplainedRow>[] = [
  ['moment', ({ record }) => record.moment],
  ['method', ({ record }) => record.method],
  ...explainColumns,
];

function* explainedRows(record: ExplainRecord): Generator<ExplainedRow> {
  for (const row of explainRows(record)) yield { ...row, record };
}

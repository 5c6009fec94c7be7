/** The table on standard error: one row per sample, a repeated header, and the summary at the end. */

import { formatBytes, formatDuration } from '../format/units.ts';
import { printableLines } from '../format/wrap-lines.ts';
import type { BpfTotals } from '../model/bpf-totals.ts';
import { figureOf } from '../model/figures.ts';
import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { Mode, Sample } from '../model/sample.ts';
import { renderBrief } from './brief-summary.ts';
import type { LineWriter } from './line-writer.ts';
import type { Sink } from './sink.ts';
import { renderEvent, renderSummary } from './summary-text.ts';
import { terminalWidth } from './terminal-width.ts';

/** Rows between two headers. */
const HEADER_EVERY = 20;

const COLUMN_WIDTH = 12;
const UPTIME_WIDTH = 8;
const STDERR = 2;

const CGROUP_COLUMNS = ['anon', 'file', 'kernel', 'current', 'workingset', 'bpf'];
const TREE_COLUMNS = ['rss', 'pss', 'cpu', 'processes'];

/** The columns that a narrow terminal does without, the least important first. */
const DROPPED_FIRST = ['workingset', 'processes', 'cpu', 'file', 'pss', 'bpf', 'kernel'];

/** Formatting options of the table. */
export interface TableStyle {
  /** Plain numbers of bytes instead of human-readable sizes. */
  plainBytes: boolean;
  /** Only the summary, in a few lines. */
  quiet: boolean;
  /** Without the summary at the end. */
  noSummary: boolean;
}

/** The table, followed by the summary. */
export class TableSink implements Sink {
  readonly #writer: LineWriter;
  readonly #style: TableStyle;
  #allColumns = CGROUP_COLUMNS;
  #columns = CGROUP_COLUMNS;
  #rows = 0;
  #bpf = '-';

  constructor(writer: LineWriter, style: TableStyle) {
    this.#writer = writer;
    this.#style = style;
  }

  start(record: StartRecord): void {
    this.#allColumns = columnsOf(record.mode);
  }

  write(record: RecordLine): void {
    if (this.#style.quiet) return;
    // Events of started programs are only for recordings and the view: a build starts thousands.
    if (record.type === 'event' && record.event !== 'exec') this.#write([renderEvent(record)]);
    if (record.type !== 'sample') return;
    if (this.#rows % HEADER_EVERY === 0) this.#write(this.#header());
    this.#rows += 1;
    if (record.bpf !== undefined) {
      this.#bpf = this.#bpfCell(record.bpf);
    }
    this.#write([this.#renderRow(record)]);
  }

  async stop(summary: SummaryRecord): Promise<void> {
    const { quiet, noSummary } = this.#style;
    const width = terminalWidth(STDERR);
    if (noSummary) {
      // The rows are all.
    } else if (quiet) {
      for (const line of renderBrief(summary, this.#style, width)) this.#writer.write(line, true);
    } else this.#write(renderSummary(summary, this.#style), true);
    await this.#writer.flush();
  }

  #write(lines: readonly string[], isIndispensable = false): void {
    for (const line of printableLines(lines, terminalWidth(STDERR)))
      this.#writer.write(line, isIndispensable);
  }

  /** The heading; columns that do not fit are left out from now on, and named. */
  #header(): string[] {
    const width = terminalWidth(STDERR) ?? Number.POSITIVE_INFINITY;
    const room = Math.max(1, Math.floor((width - UPTIME_WIDTH) / COLUMN_WIDTH));
    const dropped = this.#allColumns.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(room);
    this.#columns = this.#allColumns.filter((id) => !dropped.includes(id));
    const note = dropped.length === 0 ? [] : [`not shown in ${width} columns: ${dropped.join(', ')}`];
    return [...(this.#rows === 0 ? note : []), renderHeader(this.#columns)];
  }

  #renderRow(sample: Sample): string {
    const cells = this.#columns.map((id) => ` ${this.#cell(sample, id)}`.padStart(COLUMN_WIDTH));
    return formatDuration(sample.elapsedMs).padStart(UPTIME_WIDTH) + cells.join('');
  }

  #cell(sample: Sample, id: string): string {
    if (id === 'bpf') return this.#bpf;
    if (id === 'processes') return String(sample.processes ?? '-');
    if (id === 'cpu') return sample.tree === undefined ? '-' : `${sample.tree.cpuPercent.toFixed(0)}%`;
    const value = figureOf(sample, id);
    return value === undefined ? '-' : this.#size(value);
  }

  /**
   * The memory charged to the leaf; if the kernel does not report that, the memory that its processes hold.
   */
  #bpfCell({ charged, held }: BpfTotals): string {
    if (charged !== undefined) return this.#size(charged.maps.bytes + charged.programs.bytes);
    return held === undefined ? '-' : this.#size(held.maps.memlock + held.programs.memlock);
  }

  #size(bytes: number): string {
    return this.#style.plainBytes ? String(bytes) : formatBytes(bytes);
  }
}

function rankOf(column: string): number {
  const at = DROPPED_FIRST.indexOf(column);
  return at < 0 ? 0 : DROPPED_FIRST.length - at;
}

function columnsOf(mode: Mode): string[] {
  return mode === 'process-tree' ? TREE_COLUMNS : CGROUP_COLUMNS;
}

function renderHeader(columns: readonly string[]): string {
  return 'uptime'.padStart(UPTIME_WIDTH) + columns.map((name) => name.padStart(COLUMN_WIDTH)).join('');
}

/** The table on standard error: one row per sample, a repeated header, and the summary at the end. */
import { formatBytes, formatDuration } from '../format/units.ts';
import type { BpfTotals } from '../model/bpf-totals.ts';
import { figureOf } from '../model/figures.ts';
import type { RecordLine, StartRecord, SummaryRecord } from '../model/recording.ts';
import type { Mode, Sample } from '../model/sample.ts';
import type { LineWriter } from './line-writer.ts';
import type { Sink } from './sink.ts';
import { renderEvent, renderSummary } from './summary-text.ts';

/** Rows between two headers. */
const HEADER_EVERY = 20;

const COLUMN_WIDTH = 12;

const CGROUP_COLUMNS = ['anon', 'file', 'kernel', 'current', 'workingset', 'bpf'];
const TREE_COLUMNS = ['rss', 'pss', 'cpu', 'processes'];

/** Formatting options of the table. */
export interface TableStyle {
  /** Plain numbers of bytes instead of human-readable sizes. */
  plainBytes: boolean;
  /** Only the summary. */
  quiet: boolean;
}

/** The table, followed by the summary. */
export class TableSink implements Sink {
  readonly #writer: LineWriter;
  readonly #style: TableStyle;
  #columns = CGROUP_COLUMNS;
  #rows = 0;
  #bpf = '-';

  constructor(writer: LineWriter, style: TableStyle) {
    this.#writer = writer;
    this.#style = style;
  }

  start(record: StartRecord): void {
    this.#columns = columnsOf(record.mode);
  }

  write(record: RecordLine): void {
    if (this.#style.quiet) return;
    // Events of started programs are only for recordings and the view: a build starts thousands.
    if (record.type === 'event' && record.event !== 'exec') this.#writer.write(renderEvent(record));
    if (record.type !== 'sample') return;
    if (this.#rows % HEADER_EVERY === 0) this.#writer.write(renderHeader(this.#columns));
    this.#rows += 1;
    if (record.bpf !== undefined) {
      this.#bpf = this.#bpfCell(record.bpf);
    }
    this.#writer.write(this.#renderRow(record));
  }

  async stop(summary: SummaryRecord): Promise<void> {
    for (const line of renderSummary(summary, { plainBytes: this.#style.plainBytes }))
      this.#writer.write(line, true);
    await this.#writer.flush();
  }

  #renderRow(sample: Sample): string {
    const cells = this.#columns.map((id) => ` ${this.#cell(sample, id)}`.padStart(COLUMN_WIDTH));
    return formatDuration(sample.elapsedMs).padStart(8) + cells.join('');
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

function columnsOf(mode: Mode): string[] {
  return mode === 'process-tree' ? TREE_COLUMNS : CGROUP_COLUMNS;
}

function renderHeader(columns: readonly string[]): string {
  return 'uptime'.padStart(8) + columns.map((name) => name.padStart(COLUMN_WIDTH)).join('');
}

/** What all formats have in common: records in, chunks of a document out. */
import type { RecordLine } from '../model/recording.ts';
import type { ExportedRun } from './run-context.ts';

/** The formats of `cmemstat export`. */
export const EXPORT_FORMATS = ['perfetto', 'firefox', 'openmetrics', 'csv', 'tsv', 'influx'] as const;

/** One of them. */
export type ExportFormatName = (typeof EXPORT_FORMATS)[number];

/** What a row of a CSV or TSV document is. */
export const ROW_KINDS = ['samples', 'maps', 'processes', 'events', 'explain'] as const;

/** One of them. */
export type RowKind = (typeof ROW_KINDS)[number];

/** A part of a document. */
export type Chunk = string | Uint8Array;

/** A record after the start of a run, with the run. */
export type RunRecord = Exclude<RecordLine, { type: 'start' }>;

/** Writes one document; memory is bounded, whatever the length of the recording. */
export interface Exporter {
  /** Receives each record before the first `convert`, where a document has to begin with what comes later. */
  survey?(record: RunRecord): void;
  /** What precedes all records. */
  head?(): Chunk;
  /** A run begins. */
  begin?(run: ExportedRun): Chunk;
  /** The part of the document that a record adds; empty if it adds nothing now. */
  convert(record: RunRecord, run: ExportedRun): Chunk;
  /** The end of the document. */
  end?(): Iterable<Chunk>;
  /** What the user has to know of the document, as sentences. */
  notes?(): readonly string[];
}

/** Reads back what was written: a file without a name, or memory. */
export interface Scratch {
  /** Appends bytes; returns their offset. */
  append(bytes: Uint8Array): number;
  /** Fills `into` with the bytes from an offset. */
  read(into: Uint8Array, offset: number): void;
}

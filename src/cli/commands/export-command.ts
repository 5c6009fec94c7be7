import { exportRecordings } from '../../app/export/export-recordings.ts';
import { UsageError } from '../../errors.ts';
import { EXPORT_FORMATS, ROW_KINDS } from '../../export/export-format.ts';
import { listWords } from '../../format/list-words.ts';
import { oneOf } from '../options/one-of.ts';

/** The options of `export` as unparsed text. */
export interface ExportFlags {
  format?: string;
  rows?: string;
  output?: string;
  names: boolean;
}

/**
 * Writes recordings in another format; returns the exit status.
 * @throws UsageError, and the errors of `exportRecordings`.
 */
export async function exportFiles(files: string[], flags: ExportFlags): Promise<number> {
  const format = oneOf(flags.format, EXPORT_FORMATS, '--format');
  if (format === undefined) {
    throw new UsageError('--format', 'export: missing --format', `--format ${listWords(EXPORT_FORMATS)}`);
  }
  const rows = oneOf(flags.rows, ROW_KINDS, '--rows');
  if (rows !== undefined && format !== 'csv' && format !== 'tsv') {
    throw new UsageError('--rows', '--rows requires --format csv or tsv');
  }
  return exportRecordings({
    files,
    format,
    rows: rows ?? 'samples',
    output: flags.output === '-' ? undefined : flags.output,
    names: flags.names,
  });
}

/** Recognizes documents of cmemstat that were passed to the wrong command. */
import { readFileSync, statSync } from 'node:fs';
import { parseDocument } from '../format/parse-document.ts';

/** What a document is, and the command line that reads it. */
export interface DocumentKind {
  /** With its article: `a baseline`. */
  name: string;
  /** Undefined if no command reads it. */
  reader: string | undefined;
}

/** Our single documents are small; a recording may have any size. Unit: bytes. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** Kinds by the value of `type`. */
const BY_TYPE: Readonly<Record<string, { name: string; reader?: (file: string) => string }>> = {
  baseline: {
    name: 'a baseline',
    reader: (file) => `cmemstat compare ${file} RECORDING, or --baseline ${file}`,
  },
  summary: {
    name: 'a summary',
    reader: (file) => `cmemstat compare ${file} RECORDING, or --baseline ${file}`,
  },
  verdict: { name: 'a verdict', reader: (file) => `cmemstat report ${file}` },
  comparison: { name: 'the output of cmemstat compare --json' },
};

/** The kind of a document; undefined if it is not one of ours, or is a recording. */
export function identifyDocument(value: unknown, file: string): DocumentKind | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const { type } = fields;
  const kind = typeof type === 'string' && Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined;
  if (kind !== undefined) return { name: kind.name, reader: kind.reader?.(file) };
  if (Array.isArray(fields.budgets)) return { name: 'a budget file', reader: `--budget-file ${file}` };
  if (fields.cmemstat === undefined) return undefined;
  if (fields.attribution !== undefined)
    return { name: 'the output of cmemstat maps --json', reader: undefined };
  if (fields.tree !== undefined) {
    return { name: 'the output of cmemstat explain --json', reader: `cmemstat compare ${file} OTHER.json` };
  }
  if (fields.objects !== undefined) return { name: 'the output of cmemstat elf --json', reader: undefined };
  return undefined;
}

/** The types of the lines of a recording, except for the summary, which also is a document of its own. */
const OF_RECORDINGS = ['start', 'sample', 'event', 'maps', 'processes', 'explain'];

/** The kind of a text of several lines by its first one; undefined if it is not one of ours. */
export function identifyLines(text: string, file: string): DocumentKind | undefined {
  try {
    const first = parseDocument(text.slice(0, text.indexOf('\n'))) as { type?: unknown } | null;
    if (OF_RECORDINGS.some((type) => type === first?.type)) {
      return { name: 'a recording', reader: `cmemstat budget check ${file}, or --baseline ${file}` };
    }
    return identifyDocument(first, file);
  } catch {
    return undefined;
  }
}

/** The kind of a file; undefined if it cannot be read, or is something else. */
export function identifyFile(path: string): DocumentKind | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MAX_DOCUMENT_BYTES) return undefined;
    return identifyDocument(parseDocument(readFileSync(path, 'utf8')), path);
  } catch {
    return undefined;
  }
}

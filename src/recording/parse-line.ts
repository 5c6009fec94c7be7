/** From one line of a recording to what it says; pure. */
import { UsageError } from '../errors.ts';
import { FORMAT_VERSION, type RecordLine } from '../model/recording.ts';

/** A line that is whole and ours; one that is not whole, and why; or one of a kind that came after this version. */
export type ParsedLine = { record: RecordLine } | { damaged: string } | { unknown: string };

/** What a record has at least, as far as anybody relies on it: keys by the kind of their value. */
type Wanted = Readonly<Record<string, 'number' | 'string' | 'object' | 'array'>>;

const WANTED: Readonly<Record<Exclude<RecordLine['type'], 'sample'>, Wanted>> = {
  start: {
    version: 'number',
    time: 'string',
    command: 'array',
    mode: 'string',
    intervalMs: 'number',
    placement: 'object',
    host: 'object',
  },
  event: { elapsedMs: 'number', event: 'string' },
  maps: { elapsedMs: 'number', maps: 'array' },
  processes: { elapsedMs: 'number', processes: 'array' },
  summary: {
    version: 'number',
    durationMs: 'number',
    exit: 'object',
    samples: 'object',
    averages: 'object',
    sources: 'object',
    command: 'array',
    outlived: 'array',
    warnings: 'array',
  },
};

/**
 * Reads one line: JSON of a known type, with the keys that everybody relies on. `file` is what an error calls the recording.
 * @throws UsageError when a newer cmemstat wrote it in a format that this one can't read.
 */
export function parseRecordLine(text: string, file = 'the recording'): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { damaged: 'no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { damaged: 'no object' };
  const fields = value as Record<string, unknown>;
  const { type } = fields;
  // Nearly every line is one: a long recording is read in half the time.
  if (type === 'sample') return parseSample(fields);
  if (typeof type !== 'string') return { damaged: 'no type' };
  if (type === 'start' || type === 'summary') refuseNewer(fields, file);
  const wanted = Object.hasOwn(WANTED, type) ? WANTED[type as keyof typeof WANTED] : undefined;
  if (wanted === undefined) return { unknown: type };
  for (const key in wanted) {
    if (kindOf(fields[key]) !== wanted[key]) return { damaged: `${type} without ${key}` };
  }
  const fault = faultInside(type, fields);
  // The checks above are what makes it one.
  return fault === undefined ? { record: value as RecordLine } : { damaged: fault };
}

function parseSample(fields: Record<string, unknown>): ParsedLine {
  const { elapsedMs, stat, limits, events, eventsLocal, pressure, tree, bpf } = fields;
  if (typeof elapsedMs !== 'number') return { damaged: 'sample without elapsedMs' };
  const isWhole =
    mayBeObject(stat) &&
    mayBeObject(limits) &&
    mayBeObject(events) &&
    mayBeObject(eventsLocal) &&
    mayBeObject(pressure) &&
    mayBeObject(tree) &&
    mayBeObject(bpf);
  if (!isWhole) return { damaged: 'sample with a part that is no object' };
  return { record: fields as unknown as RecordLine };
}

function mayBeObject(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null);
}

function refuseNewer({ version, cmemstat }: Record<string, unknown>, file: string): void {
  if (typeof version !== 'number' || version <= FORMAT_VERSION) return;
  throw new UsageError(
    'FILE',
    `${file}: made by a newer cmemstat (${String(cmemstat)}, format ${version}); this one reads format ${FORMAT_VERSION}: upgrade`,
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}

/** What is wrong deeper inside; undefined when nothing is. */
function faultInside(type: string, fields: Record<string, unknown>): string | undefined {
  switch (type) {
    case 'maps':
      return faultInRows('map', fields.maps, 'id', fields.gone);
    case 'processes':
      return faultInRows('process', fields.processes, 'pid', fields.gone);
    default:
      return undefined;
  }
}

function faultInRows(what: string, rows: unknown, id: string, gone: unknown): string | undefined {
  for (const row of rows as unknown[]) {
    if (typeof row !== 'object' || row === null || typeof (row as Record<string, unknown>)[id] !== 'number')
      return `a ${what} without ${id}`;
  }
  return gone === undefined || Array.isArray(gone) ? undefined : 'gone is no list';
}

/** Parses a baseline file. It is kept in a repository, edited and merged, so every key is validated. */
import { InputError } from '../../errors.ts';
import { safeText } from '../../format/safe-text.ts';
import { rejectNewer } from '../../recording/upgrade.ts';
import { BASELINE_VERSION, type Baseline } from './baseline.ts';

const MODES = ['cgroup2', 'cgroup1', 'process-tree'];

/** A value with its path in the document. */
interface Part {
  value: unknown;
  path: string;
}

/** Creates the error for an invalid part. */
type Fault = (part: Part, expected: string) => InputError;

/**
 * Validates a parsed document. Unknown keys are ignored. `file` names it in errors.
 * @throws InputError that names the file and the key, or if a newer cmemstat wrote it.
 */
export function parseBaseline(document: unknown, file: string): Baseline {
  const fault: Fault = ({ value, path }, expected) =>
    new InputError(file, safeText(`${file}: ${path}: expected ${expected}, found ${formatFound(value)}`));
  const root = { value: document, path: 'the document' };
  const fields = objectIn(root, fault);
  if (fields.type !== 'baseline') {
    throw new InputError(file, safeText(`${file}: not a cmemstat baseline`), {
      hint: 'cmemstat --save-baseline FILE -- COMMAND',
    });
  }
  rejectNewer(fields, BASELINE_VERSION, file);
  const at = (key: string) => ({ value: fields[key], path: key });
  if (fields.version !== BASELINE_VERSION) throw fault(at('version'), String(BASELINE_VERSION));
  checkText(at('cmemstat'), fault);
  checkText(at('time'), fault);
  for (const part of itemsOf(at('command'), fault)) checkText(part, fault);
  if (typeof fields.mode !== 'string' || !MODES.includes(fields.mode)) {
    throw fault(at('mode'), MODES.join(', '));
  }
  if (fields.host !== undefined) checkHost(at('host'), fault);
  checkFigures(at('medians'), fault);
  if (fields.breakdown !== undefined) {
    for (const part of itemsOf(at('breakdown'), fault)) checkLine(part, fault);
  }
  const runs = itemsOf(at('runs'), fault);
  if (runs.length === 0) throw fault(at('runs'), 'at least one run');
  for (const part of runs) checkRun(part, fault);
  // The checks above guarantee the type.
  return document as Baseline;
}

function checkHost(part: Part, fault: Fault): void {
  const host = objectIn(part, fault);
  const at = (key: string) => ({ value: host[key], path: `${part.path}.${key}` });
  checkText(at('kernel'), fault);
  checkText(at('arch'), fault);
  for (const key of ['cpus', 'possibleCpus', 'pageSizeBytes']) {
    const value = host[key];
    if (typeof value !== 'number' || !(value >= 1)) throw fault(at(key), 'a number from 1');
  }
}

function checkRun(part: Part, fault: Fault): void {
  const run = objectIn(part, fault);
  checkText({ value: run.time, path: `${part.path}.time` }, fault);
  checkFigures(part, fault);
}

function checkFigures(part: Part, fault: Fault): void {
  const { metrics, maps } = objectIn(part, fault);
  checkNumbers({ value: metrics, path: `${part.path}.metrics` }, fault);
  if (maps !== undefined) checkNumbers({ value: maps, path: `${part.path}.maps` }, fault);
}

function checkNumbers(part: Part, fault: Fault): void {
  for (const [key, value] of Object.entries(objectIn(part, fault))) {
    if (!Number.isFinite(value)) throw fault({ value, path: `${part.path}.${key}` }, 'a number');
  }
}

function checkLine(part: Part, fault: Fault): void {
  const { id, bytes } = objectIn(part, fault);
  checkText({ value: id, path: `${part.path}.id` }, fault);
  if (!Number.isFinite(bytes)) throw fault({ value: bytes, path: `${part.path}.bytes` }, 'a number');
}

function checkText(part: Part, fault: Fault): void {
  if (typeof part.value !== 'string') throw fault(part, 'a text');
}

function objectIn(part: Part, fault: Fault): Record<string, unknown> {
  const { value } = part;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(part, 'an object');
  return value as Record<string, unknown>;
}

function itemsOf(part: Part, fault: Fault): Part[] {
  if (!Array.isArray(part.value)) throw fault(part, 'a list');
  return part.value.map((value, index) => ({ value, path: `${part.path}[${index}]` }));
}

function formatFound(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

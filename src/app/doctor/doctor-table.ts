/** Formats the result of `cmemstat doctor` as a table. */
import { safeText } from '../../format/safe-text.ts';
import type { Check, Diagnosis } from './diagnosis.ts';

const MARKS: Record<Check['state'], string> = {
  ok: 'ok',
  limited: 'limited',
  missing: 'MISSING',
  skipped: '-',
};

/** The table as lines; each hint follows its check. */
export function renderDiagnosis(diagnosis: Diagnosis): string[] {
  const width = Math.max(...diagnosis.checks.map(({ name }) => name.length)) + 2;
  const lines = diagnosis.checks.flatMap(({ name, state, found, since, hint }) => {
    const needs = since === undefined ? '' : ` (since Linux ${since})`;
    const line = `${name.padEnd(width)}${MARKS[state].padEnd(9)}${safeText(found)}${needs}`;
    return hint === undefined ? [line] : [line, `${' '.repeat(width + 9)}hint: ${safeText(hint)}`];
  });
  const verdict = diagnosis.ready
    ? 'Ready: a run gets a memory cgroup on this host.'
    : 'Not ready: a run gets no memory cgroup on this host and sums the process tree instead.';
  return [...lines, '', verdict];
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderMarkdownReport } from '#src/report/markdown.ts';
import { openStepSummary } from '#src/report/step-summary.ts';
import { makeTree } from '../temporary-tree.ts';
import { examples } from './example-verdicts.ts';

const LIMIT_BYTES = 1024 * 1024;

function summaryAfter(before: string | undefined, name = 'failed') {
  const file = join(makeTree({}), 'summary.md');
  if (before !== undefined) writeFileSync(file, before);
  const verdict = examples[name];
  if (verdict === undefined) throw new Error(name);
  const warnings = openStepSummary(file)?.append(verdict);
  return { warnings, text: readFileSync(file, 'utf8'), report: renderMarkdownReport(verdict) };
}

describe('openStepSummary', () => {
  it.each([
    ['nothing', undefined, ''],
    ['a line', 'before\n', 'before\n'],
    ['a line without its end', 'before', 'before\n'],
  ])('starts on a new line after %s', (_, before, start) => {
    const { warnings, text, report } = summaryAfter(before);
    expect(text).toBe(`${start}${report}`);
    expect(warnings).toEqual([]);
  });

  it('keeps within the remaining size', () => {
    const { text, warnings } = summaryAfter(`${'x'.repeat(LIMIT_BYTES - 601)}\n`);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT_BYTES);
    expect(text).toContain('_Truncated');
    expect(warnings).toEqual([]);
  });

  it('reports that the size is exhausted', () => {
    const { text, warnings } = summaryAfter('x'.repeat(LIMIT_BYTES));
    expect(text).toHaveLength(LIMIT_BYTES);
    expect(warnings).toEqual([expect.stringContaining('no room')]);
  });

  it('reports a failed write, and throws nothing', () => {
    const verdict = examples.passed;
    if (verdict === undefined) throw new Error('no example');
    expect(openStepSummary('/nonexistent/summary.md')?.append(verdict)).toEqual([
      'GITHUB_STEP_SUMMARY /nonexistent/summary.md: no such file or directory',
    ]);
    expect(openStepSummary('')).toBeUndefined();
    expect(openStepSummary(undefined)).toBeUndefined();
  });
});

import { stripVTControlCharacters } from 'node:util';

/** How many tests a run of vitest passed, failed and skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** The names of the tests that passed, but not at once, each with its file; they are counted as passed too. */
  retried: string[];
}

/**
 * Reads what the reporter `verbose` of vitest wrote, with colours or without: the counts off its closing lines, such as
 * `Tests  2 failed | 10 passed | 1 skipped (13)`, of several runs summed; and the tests that passed on a retry off theirs.
 */
export function countTests(output: string): TestCounts {
  const text = stripVTControlCharacters(output);
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, retried: [] };
  for (const [, line = ''] of text.matchAll(/^\s*Tests {2}(.*)$/gm)) {
    for (const [, number, kind] of line.matchAll(/(\d+) (passed|failed|skipped)/g)) {
      counts[kind as 'passed' | 'failed' | 'skipped'] += Number(number);
    }
  }
  for (const [, name = ''] of text.matchAll(/^\s*✓\s+(\S.*?)(?: \d+ms)? \(retry x\d+\)\s*$/gm)) {
    // The project comes first: in bars without colours, in blanks with them.
    counts.retried.push(name.replace(/^\|?[\w-]+\|?\s+(?=\S+\.test\.)/, ''));
  }
  return counts;
}

/** A suite as a whole: one run of vitest, on the host or in a virtual machine. */
export interface SuiteCounts extends TestCounts {
  suite: string;
}

/**
 * The closing lines of all suites. A test that passed only on a retry is named: it found a fault of the tests or of the
 * program. The last line is for machines, and stands alone.
 */
export function formatClosingLines(suites: readonly SuiteCounts[]): string[] {
  const retried = suites.flatMap(({ suite, retried }) => retried.map((name) => `  ${suite}: ${name}`));
  const sum = (key: 'passed' | 'failed' | 'skipped') =>
    suites.reduce((total, counts) => total + counts[key], 0);
  return [
    ...(retried.length === 0 ? [] : [`${retried.length} passed only on a retry:`, ...retried, '']),
    `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`,
  ];
}

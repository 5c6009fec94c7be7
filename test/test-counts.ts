import { stripVTControlCharacters } from 'node:util';

/** The numbers of tests that a run of vitest passed, failed and skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** The names of the tests that passed on a retry, each with its file; they are counted as passed too. */
  retried: string[];
}

/**
 * Reads the output of vitest's reporter `verbose`, with or without colours: the counts from its closing lines, such as
 * `Tests  2 failed | 10 passed | 1 skipped (13)`, summed over several runs; and the tests that passed on a retry.
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
    // The project is the first word: in bars without colours, in blanks with them.
    counts.retried.push(name.replace(/^\|?[\w-]+\|?\s+(?=\S+\.test\.)/, ''));
  }
  return counts;
}

/** A suite: one run of vitest, on the host or in a virtual machine. */
export interface SuiteCounts extends TestCounts {
  suite: string;
}

/**
 * The closing lines of all suites. A test that passed only on a retry is listed: it indicates a fault of the tests or
 * of the program. The last line is for programs, and separate.
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

import { stripVTControlCharacters } from 'node:util';

/** The numbers of tests that a run of vitest passed, failed and skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** The names of the tests that passed on a retry, each with its file; they are counted as passed too. */
  retried: string[];
  /**
   * The names of the tests that failed, each with its file; of hooks and files that failed, the file; and the
   * errors that belong to no test.
   */
  failures: string[];
}

/**
 * Reads the output of vitest's reporter `verbose`, with or without colours: the counts from its closing
 * lines, such as `Tests  2 failed | 10 passed | 1 skipped (13)`, summed over several runs; the tests that
 * failed or passed on a retry; and failures outside of tests, which are in no count.
 * @param output standard output and standard error.
 */
export function countTests(output: string): TestCounts {
  const text = stripVTControlCharacters(output);
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, retried: [], failures: [] };
  for (const [, line = ''] of text.matchAll(/^\s*Tests {2}(.*)$/gm)) {
    for (const [, number, kind] of line.matchAll(/(\d+) (passed|failed|skipped)/g)) {
      counts[kind as 'passed' | 'failed' | 'skipped'] += Number(number);
    }
  }
  const names = (line: RegExp) => Array.from(text.matchAll(line), ([, name = '']) => withoutProject(name));
  counts.retried = names(/^\s*✓\s+(\S.*?)(?: \d+ms)? \(retry x\d+\)\s*$/gm);
  counts.failures = [
    ...names(/^\s*×\s+((?:\S+\s+)?\S+\.test\.\S+ > .*?)(?: \d+ms)?(?: \(retry x\d+\))?\s*$/gm),
    ...names(/^\s*FAIL\s+((?:\S+\s+)?\S+\.test\.\S+ \[.*\]\n.*)$/gm).map(withReason),
    ...names(/^⎯+ (?:Unhandled|Uncaught) (?:Rejection|Exception|Error) ⎯+\n(.*)$/gm),
  ];
  return counts;
}

/** The project is the first word of a test: in bars without colours, in blanks with them. */
function withoutProject(test: string): string {
  return test.replace(/^\|?[\w-]+\|?\s+(?=\S+\.test\.)/, '');
}

/** A file that failed, and the line below: the error of a hook or an import. */
function withReason(failure: string): string {
  return failure.replace(/ \[.*\]\n/, ': ');
}

/**
 * The result of a run with its exit status. A run that fails without naming a test (it could not start, or an
 * error belongs to none) is a failure, too.
 */
export function completeCounts(counts: TestCounts, exitCode: number | null): TestCounts {
  if (exitCode === 0 && counts.passed > 0) return counts;
  const { failures } = counts;
  return {
    ...counts,
    failed: Math.max(1, counts.failed, failures.length),
    failures: failures.length > 0 ? failures : [`no test: the run ended with status ${exitCode}`],
  };
}

/** A suite: one run of vitest, on the host or in a virtual machine. */
export interface SuiteCounts extends TestCounts {
  suite: string;
}

/**
 * The closing lines of all suites. The tests that failed are listed, since their own lines may be far above,
 * and those that passed only on a retry: these indicate a fault of the tests or of the program. The last line
 * is for programs, and separate.
 */
export function formatClosingLines(suites: readonly SuiteCounts[]): string[] {
  const list = (key: 'failures' | 'retried', heading: string) => {
    const lines = suites.flatMap((counts) => counts[key].map((name) => `  ${counts.suite}: ${name}`));
    return lines.length === 0 ? [] : [`${lines.length} ${heading}:`, ...lines, ''];
  };
  const sum = (key: 'passed' | 'failed' | 'skipped') =>
    suites.reduce((total, counts) => total + counts[key], 0);
  return [
    ...list('failures', 'failed'),
    ...list('retried', 'passed only on a retry'),
    `${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`,
  ];
}

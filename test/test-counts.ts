import { stripVTControlCharacters } from 'node:util';

/** How many tests a run of vitest passed, failed and skipped. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reads the counts off vitest's closing lines, with colours or without, such as `Tests  2 failed | 10 passed | 1 skipped (13)`; sums several. */
export function countTests(output: string): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, line = ''] of stripVTControlCharacters(output).matchAll(/^\s*Tests {2}(.*)$/gm)) {
    for (const [, number, kind] of line.matchAll(/(\d+) (passed|failed|skipped)/g)) {
      counts[kind as keyof TestCounts] += Number(number);
    }
  }
  return counts;
}

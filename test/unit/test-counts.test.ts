import { describe, expect, it } from 'vitest';
import { completeCounts, countTests, formatClosingLines } from '../test-counts.ts';

/** Vitest's closing lines on a terminal. */
const COLOURED = [
  '\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[1m\u001b[32m3 passed\u001b[39m\u001b[22m\u001b[90m (4)\u001b[39m',
  '\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m2 failed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[1m\u001b[32m10 passed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[33m1 skipped\u001b[39m\u001b[90m (13)\u001b[39m',
  '\u001b[2m   Start at \u001b[22m 12:00:00',
].join('\n');
const PLAIN = [
  ' Test Files  1 failed | 3 passed (4)',
  '      Tests  2 failed | 10 passed | 1 skipped (13)',
  '   Start at  12:00:00',
].join('\n');

it.each([
  ['in colours', COLOURED, { passed: 10, failed: 2, skipped: 1 }],
  ['without colours', PLAIN, { passed: 10, failed: 2, skipped: 1 }],
  ['where some kinds are left out', '      Tests  7 passed (7)\n', { passed: 7, failed: 0, skipped: 0 }],
  [
    'of several runs, summed',
    `${PLAIN}\n      Tests  5 passed (5)\n${COLOURED}\n`,
    { passed: 25, failed: 4, skipped: 2 },
  ],
  ['of a run without closing lines', 'Error: no such file\n', { passed: 0, failed: 0, skipped: 0 }],
  [
    'where a test is named like a count',
    ' ✓ unit > a line in which 3 passed\nsaid: Tests  4 failed\n',
    { passed: 0, failed: 0, skipped: 0 },
  ],
])('the counts %s', (_, output, counts) => {
  expect(countTests(output)).toEqual({ ...counts, retried: [], failures: [] });
});

const RETRIED = [
  ' ✓ |integration| test/integration/view.test.ts > pause > stops the clock 1234ms (retry x1)',
  ' ✓ |integration| test/integration/runs.test.ts > a hook (retry x3) that fails 12ms',
  ' ✓ test/integration/maps.test.mjs > without a project or a duration (retry x2)',
  ' × |integration| test/integration/view.test.ts > fails every time 5ms (retry x1)',
  '\u001b[32m✓\u001b[39m \u001b[30m\u001b[42m unit \u001b[49m\u001b[39m test/unit/a.test.ts\u001b[2m > \u001b[22min colours\u001b[33m 40\u001b[2mms\u001b[22m\u001b[39m\u001b[33m (retry x1)\u001b[39m',
  'said: ✓ |integration| test/integration/view.test.ts > no line of vitest 1ms (retry x1)',
  '      Tests  1 failed | 4 passed (5)',
].join('\n');

it('lists the tests that failed or passed on a retry, and counts the latter as passed', () => {
  expect(countTests(RETRIED)).toEqual({
    passed: 4,
    failed: 1,
    skipped: 0,
    failures: ['test/integration/view.test.ts > fails every time'],
    retried: [
      'test/integration/view.test.ts > pause > stops the clock',
      'test/integration/maps.test.mjs > without a project or a duration',
      'test/unit/a.test.ts > in colours',
    ],
  });
});

/** Vitest's report of a hook, an import and a timer that threw, on a terminal and without colours. */
const OUTSIDE_OF_TESTS = [
  '\u001b[41m\u001b[1m FAIL \u001b[22m\u001b[49m \u001b[30m\u001b[42m unit \u001b[49m\u001b[39m test/unit/a.test.ts\u001b[2m [ test/unit/a.test.ts ]\u001b[22m',
  '\u001b[31m\u001b[1mError\u001b[22m: hook failed\u001b[39m',
  '',
  ' FAIL  |integration| test/integration/b.test.ts [ test/integration/b.test.ts ]',
  'Error: Cannot find module',
  ' FAIL  |unit| test/unit/c.test.ts > a test, which has a line of its own',
  'AssertionError: expected 1 to be 2',
  '\u001b[31m⎯⎯⎯⎯⎯⎯\u001b[39m\u001b[1m\u001b[41m Unhandled Errors \u001b[49m\u001b[22m\u001b[31m⎯⎯⎯⎯⎯⎯\u001b[39m',
  '\u001b[31m⎯⎯⎯⎯⎯\u001b[39m\u001b[1m\u001b[41m Uncaught Exception \u001b[49m\u001b[22m\u001b[31m⎯⎯⎯⎯⎯\u001b[39m',
  '\u001b[31m\u001b[1mError\u001b[22m: late\u001b[39m',
  '⎯⎯⎯⎯⎯⎯ Unhandled Rejection ⎯⎯⎯⎯⎯',
  'Error: [vitest-worker]: Timeout calling "onTaskUpdate"',
  '      Tests  3 passed (3)',
].join('\n');

describe('a run that fails', () => {
  it('names hooks and files that failed, and errors that belong to no test', () => {
    const counts = countTests(OUTSIDE_OF_TESTS);
    expect(counts.failures).toEqual([
      'test/unit/a.test.ts: Error: hook failed',
      'test/integration/b.test.ts: Error: Cannot find module',
      'Error: late',
      'Error: [vitest-worker]: Timeout calling "onTaskUpdate"',
    ]);
    expect(completeCounts(counts, 1)).toEqual({ ...counts, failed: 4 });
  });

  it('is a failure though it names no test', () => {
    const counts = { passed: 3, failed: 0, skipped: 0, retried: [], failures: [] };
    expect(completeCounts(counts, 0)).toEqual(counts);
    const failures = ['no test: the run ended with status 134'];
    expect(completeCounts(counts, 134)).toEqual({ ...counts, failed: 1, failures });
    expect(completeCounts({ ...counts, passed: 0 }, 0)).toMatchObject({ failed: 1 });
  });
});

it('ends with one line of sums if nothing was retried', () => {
  const suites = [
    { suite: 'unit', passed: 3, failed: 0, skipped: 0, retried: [], failures: [] },
    { suite: 'guest 6.12', passed: 4, failed: 1, skipped: 2, retried: [], failures: [] },
  ];
  expect(formatClosingLines(suites)).toEqual(['7 passed, 1 failed, 2 skipped']);
  expect(formatClosingLines([])).toEqual(['0 passed, 0 failed, 0 skipped']);
});

it('ends with the tests that failed or passed only on a retry, and the line of sums', () => {
  const suites = [
    {
      suite: 'integration',
      passed: 3,
      failed: 0,
      skipped: 0,
      retried: ['a.test.ts > one', 'b.test.ts > two'],
      failures: [],
    },
    {
      suite: 'guest 6.12',
      passed: 4,
      failed: 1,
      skipped: 2,
      retried: ['a.test.mjs > one'],
      failures: ['c.test.mjs > three'],
    },
  ];
  expect(formatClosingLines(suites)).toEqual([
    '1 failed:',
    '  guest 6.12: c.test.mjs > three',
    '',
    '3 passed only on a retry:',
    '  integration: a.test.ts > one',
    '  integration: b.test.ts > two',
    '  guest 6.12: a.test.mjs > one',
    '',
    '7 passed, 1 failed, 2 skipped',
  ]);
});

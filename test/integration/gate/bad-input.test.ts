/** Bad files and command lines: one line that names the input, status 125, bounded time and memory. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { BINARY, cmemstat, type Outcome, scratch, start, testWithoutKernel } from '../harness.ts';

const file = (name: string, text: string) => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};

const HOSTILE = '\u001b[31m\n::error::x\n##[error]y\r##vso[task.complete]\u009b\u202e';

/** One line on standard error, with nothing that a terminal or a CI system interprets. */
function expectRejection({ status, stdout, stderr }: Outcome, named: string | RegExp, lines = 1): void {
  expect(stderr).toMatch(named);
  expect(stderr).not.toMatch(/internal error|\n +at |##\w*\[|^\s*::/m);
  for (const line of stderr.split('\n')) expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(stderr.trimEnd().split('\n')).toHaveLength(lines);
  expect([status, stdout]).toEqual([125, '']);
}

/** The readers of a file, as the words before it. */
const READERS = [
  ['report'],
  ['replay'],
  ['elf'],
  ['compare'],
  ['budget', 'check', '--budget', 'anon<=1MiB'],
  ['-q', '--max-regression', '5%', '--baseline'],
  ['-q', '--budget-file'],
];
const read = (words: readonly string[], path: string) =>
  cmemstat(...words, path, ...(words[0] === '-q' ? ['--', 'true'] : words[0] === 'compare' ? ['/'] : []));

testWithoutKernel([], 'files of any kind and any name are rejected by every reader', async () => {
  const sparse = file('sparse', '');
  truncateSync(sparse, 1 << 30);
  const paths = ['/dev/zero', '/proc/self/mem', '/', sparse, 'x'.repeat(300)];
  for (const words of READERS) {
    for (const path of paths) expectRejection(await read(words, path), /^cmemstat: /);
    const outcome = await read(words, HOSTILE);
    expectRejection(outcome, /no such file|not found|does not exist/);
  }
});

testWithoutKernel([], 'a large file takes little memory', async () => {
  const sparse = file('sparse.o', '');
  writeFileSync(sparse, readFileSync(process.execPath).subarray(0, 4096));
  truncateSync(sparse, 1 << 30);
  for (const words of [['elf'], ['report']]) {
    // V8 alone takes some 50 MiB; VmHWM is read when it exits.
    const script = join(scratch, 'peak.cjs');
    writeFileSync(
      script,
      "process.on('exit', () => console.log(process.resourceUsage().maxRSS)); process.argv.splice(1, 1); require(process.argv[1]);",
    );
    const { ended } = start(process.execPath, [script, BINARY, ...words, sparse]);
    expect(Number((await ended).stdout)).toBeLessThan(250_000);
  }
});

const budgets = (count: number, of: (index: number) => object) =>
  JSON.stringify({ version: 2, budgets: Array.from({ length: count }, (_, index) => of(index)) });

testWithoutKernel([], 'budget files of any size and depth are rejected in time', async () => {
  const many = (last: object) =>
    budgets(8000, (at) => (at === 7999 ? last : { name: `b${at}`, budget: 'anon<=1' }));
  const cases: [name: string, text: string, named: RegExp, lines?: number][] = [
    ['brackets', '['.repeat(200_000), /brackets:1: not JSON/],
    ['closed', '['.repeat(200_000) + ']'.repeat(200_000), /closed: .*expected an object/],
    ['expression', many({ name: 'x', budget: 'anon<<' }), /budgets\[7999\]\.budget: no operator/, 3],
    ['key', many({ nmae: 'x' }), /budgets\[7999\]\.nmae is not a key here/],
    ['metric', budgets(1, () => ({ name: 'x', budget: `${'y'.repeat(900_000)}<=1` })), /no metric `yyy/, 3],
    ['proto', '{"version":2,"__proto__":{"x":1},"budgets":[]}', /__proto__ is not a key here/],
    ['string', budgets(1, () => ({ name: { toString: 1 }, budget: 'x' })), /name: expected .*an object/],
    ['hostile', budgets(1, () => ({ name: 'x', budget: HOSTILE })), /hostile:1: budgets\[0\]/, 3],
    ['prepare', `{"version":2,"runs":{"prepare":"${'x'.repeat(200_000)}"},"budgets":[]}`, /E2BIG/],
  ];
  for (const [name, text, named, lines] of cases) {
    const outcome = await read(['-q', '--budget-file'], file(name, text));
    expect(outcome.stderr.length).toBeLessThan(4000);
    expectRejection(outcome, named, lines);
  }
});

testWithoutKernel([], 'values of any option are rejected without anything that is interpreted', async () => {
  const options = [
    ['--cwd', /--cwd/],
    ['--budget', /--budget/, 3],
    ['--interval', /--interval/],
    ['--user', /--user/],
    ['--env', /--env/],
    ['--stdin', /--stdin/],
    ['--report', /--report/],
    ['--memory-max', /--memory-max/],
    ['--placement', /--placement/],
    ['--nonsense', /unknown option/],
    [HOSTILE, /command not found|no such/],
  ] as const;
  for (const [option, named, lines] of options) {
    const { status, ...outcome } = await cmemstat('-q', option, HOSTILE, '--', 'true');
    expectRejection({ ...outcome, status: status === 127 ? 125 : status }, named, lines);
  }
});

testWithoutKernel(
  [],
  'outputs with names that are too long are rejected before the command runs',
  async () => {
    const name = 'x'.repeat(300);
    const words = [
      ['-o', name],
      ['--runs', '2', '-o', name],
      ['--save-baseline', name],
      ['--budget', 'anon<=1GiB', '--report', `junit:${name}`],
    ];
    for (const option of words) {
      expectRejection(await cmemstat('-q', ...option, '--', 'echo', 'ran'), /file name too long/);
    }
  },
);

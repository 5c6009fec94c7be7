/** The wording of sources, tests, documents, schemas and the manual page: idioms that must not come back. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from '../paths.ts';

/** An idiom, and the standard words for it. */
interface Idiom {
  pattern: RegExp;
  instead: string;
}

const IDIOMS: readonly Idiom[] = [
  { pattern: /\btold\b/i, instead: 'reported, listed, recorded, attributed' },
  { pattern: /\btell(s|ing)?\b/i, instead: 'report, list, emit, distinguish' },
  { pattern: /\bso many [a-z]+|\bso often\b/i, instead: 'the number of ...' },
  { pattern: /\bwhoever\b|\bsomebody\b/i, instead: 'the name of the user or program' },
  { pattern: /\bmend(s|ed)?\b/i, instead: 'hint, fix' },
  { pattern: /\bto do: /i, instead: 'hint:' },
  { pattern: /\(try: /i, instead: '(hint: ' },
  { pattern: /(?<!\bthere )\b(is|are|was|were) no (?!longer)/i, instead: 'is not a ...' },
  { pattern: /\b(any|every)body\b/i, instead: 'any process, every user' },
  { pattern: /\b(worse than what|(the host )?of what)\?/i, instead: '--option requires --other' },
  { pattern: /\b(to|can) be had\b/i, instead: 'is available' },
  { pattern: /\bgives? way\b/i, instead: 'yields' },
  { pattern: /\banew\b/i, instead: 'again, re-' },
  { pattern: /\bg(ive|ives|iving|ave) up\b/i, instead: 'stops, fails, abandons' },
  { pattern: /\b(LEAST|MOST|LONGEST|SHORTEST)_[A-Z]/, instead: 'MIN_, MAX_' },
  { pattern: /(?<!not-)\bjudg(es|ed|ing)\b/i, instead: 'evaluate' },
  { pattern: /\bgiven up\b/i, instead: 'abandoned, stopped' },
  { pattern: /\bfor want of\b/i, instead: 'because there is no ...' },
  { pattern: /\bnobody (?!true|normal|right)[a-z]/, instead: 'no process, no user' },
  { pattern: /\bask(s|ed|ing)? for\b/i, instead: 'request, query' },
  { pattern: /\b(go|goes|going|went) on\b/i, instead: 'continue, in progress' },
  { pattern: /\b(is|are) said\b/i, instead: 'is reported, is shown' },
  { pattern: /\bout of turn\b/i, instead: 'unscheduled' },
  {
    pattern: /[.;] pure\.?( \*\/)?$/i,
    instead: 'nothing: parse*, format* and render* are pure by convention',
  },
  { pattern: /## (Two lines|What you get|Good to know)/, instead: 'Quick start, Modes, Caveats' },
];

const SCANNED = [
  'src',
  'docs',
  'schema',
  'man',
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'action',
  'action.yml',
  'build',
  'examples',
  'test',
  'deploy',
  'bin',
  '.ci',
];

/** Captured files and files of former versions, and this file, which quotes the idioms. */
const IS_EXEMPT = /^test\/(fixtures\/|unit\/language\.test\.ts$)/;

function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--', ...SCANNED], { cwd: PROJECT, encoding: 'utf8' });
  return list
    .split('\0')
    .filter(
      (file) => /\.(ts|js|mjs|cjs|c|h|md|json|1|sh|ya?ml)$|^\.ci\/run$/.test(file) && !IS_EXEMPT.test(file),
    );
}

/** The idioms of a text, one line of message for each. */
function findIdioms(file: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, at) =>
      IDIOMS.filter(({ pattern }) => pattern.test(line)).map(
        ({ pattern, instead }) => `${file}:${at + 1}: ${pattern.exec(line)?.[0].trim()}: write ${instead}`,
      ),
    );
}

it('sources, tests, documents, schemas and the manual page use standard words', () => {
  const files = trackedFiles();
  expect(files).toContain('README.md');
  for (const file of ['man/cmemstat.1', 'bin/cmemstat.js', '.ci/run', 'deploy/kubernetes/daemonset.yaml'])
    expect(files).toContain(file);
  expect(files.length).toBeGreaterThan(300);
  expect(files.flatMap((file) => findIdioms(file, readFileSync(join(PROJECT, file), 'utf8')))).toEqual([]);
});

/** Comments of their own lines; the formatter keeps the lines of code. */
const COMMENT = /^ *(\/\/|\/?\*)/;
const MAX_COLUMNS = 110;

it('comments fit into 110 columns', () => {
  const files = trackedFiles().filter((file) => /\.(ts|mjs|cjs)$/.test(file));
  const long = files.flatMap((file) =>
    readFileSync(join(PROJECT, file), 'utf8')
      .split('\n')
      .flatMap((line, at) => (line.length > MAX_COLUMNS && COMMENT.test(line) ? [`${file}:${at + 1}`] : [])),
  );
  expect(long).toEqual([]);
});

it.each([
  ['// Maps that were told before', 'told'],
  ['const LEAST_ROWS = 4;', 'LEAST_R'],
  ['/** What no cgroup could be judged by. */', 'judged'],
  ['/** Rows that were dropped for want of room. */', 'for want of'],
  ["'a broken pipe is said on stderr, and the view says so'", 'is said'],
  ["'(try: sudo cmemstat)'", '(try:'],
  ["'worse than what? name a --baseline'", 'worse than what?'],
  ['/** Rows as text. Pure. */', '. Pure. */'],
  ['/** The target goes on without it. */', 'goes on'],
  ['throw new Error(path + " is no cgroup")', 'is no'],
])('finds the idiom in %s', (line, idiom) => {
  expect(findIdioms('src/x.ts', line)).toEqual([expect.stringContaining(`src/x.ts:1: ${idiom}`)]);
});

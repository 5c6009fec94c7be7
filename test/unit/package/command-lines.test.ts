/** Every command line in the documents is valid. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommands } from '#src/cli/all-commands.ts';
import { COMPLETION_HELP } from '#src/cli/options/shells.ts';
import { declareProgram, EXAMPLES } from '#src/cli/program.ts';
import { PROJECT } from '../../paths.ts';

const readText = (path: string) => readFileSync(resolve(PROJECT, path), 'utf8');

/** The files with user documentation below a folder. */
const filesBelow = (folder: string) =>
  readdirSync(resolve(PROJECT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(md|mjs|yml)$|jenkinsfile$/.test(path))
    .map((path) => join(folder, path));

const FILES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...filesBelow('docs'),
  ...filesBelow('examples'),
];

/** Code lines, with continuation lines and without comment markers. */
function codeLines(path: string): string[] {
  const text = readText(path).replaceAll(/\\\n\s*/g, ' ');
  if (!path.endsWith('.md')) {
    // A command may continue on lines that begin with options.
    return text
      .replaceAll(/\n\s+(?=--)/g, ' ')
      .split('\n')
      .map((line) => line.replace(/^\s*(?:\/\/|#) */, ''));
  }
  const fenced = [...text.matchAll(/^```\w*\n(.*?)^```/gms)].flatMap(([, block = '']) => block.split('\n'));
  const rest = text.replaceAll(/^```\w*\n.*?^```/gms, '');
  const indented = rest.split('\n').filter((line) => /^ {4}/.test(line));
  const inline = [...rest.replaceAll(/\n/g, ' ').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
  return [...fenced, ...indented, ...inline].map((line) =>
    line.replaceAll('\\|', '|').replace(/^\s*\$ /, ''),
  );
}

/** The arguments of the first command in a shell line. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (const [at, letter] of [...line].entries()) {
    if (quote !== '') {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= '';
    } else if (/[|;&<>)]/.test(letter) || (letter === '#' && word === undefined && at > 0)) {
      break;
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + letter;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** What follows `cmemstat` in a line, up to an ellipsis; undefined if the line calls another command. */
function argumentsIn(line: string): string[] | undefined {
  const start = /(?:^|[\s(])(?:[\w./~-]*\/)?cmemstat(?:\.js)?(?:@[\w.]+)?(?=\s+[\w<"'…[-])/.exec(line);
  if (start === null) return undefined;
  const before = line.slice(0, start.index).trim();
  // The name inside a sentence or in another command's arguments is not a call.
  if (
    before !== '' &&
    !/^(?:sudo|npx|npm ci|systemd-run|source|run:|sh '|bash:?|zsh|fish|[A-Z_]+=)\b/.test(before)
  )
    return undefined;
  // A text beside a command is in a separate column.
  const words = shellWords(line.slice(start.index + start[0].length).replace(/ {2,}.*/, ''));
  const end = words.findIndex((word) => word === '…' || word === '...');
  return end < 0 ? words : words.slice(0, end);
}

/** Parses without executing anything. @throws UsageError unless it matches `ignored`. */
function parse(words: readonly string[], ignored?: RegExp): void {
  // `help maps` is `maps --help`.
  if (words[0] === 'help') {
    parse([...words.slice(1), '--help'], ignored);
    return;
  }
  const program = declareProgram();
  addCommands(program, () => {});
  const disarm = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    command.commands.forEach(disarm);
    if (command.commands.length === 0 || command === program) command.action(() => {});
  };
  disarm(program);
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    const isShown = ['commander.version', 'commander.helpDisplayed'].includes(code);
    if (!isShown && ignored?.test(message) !== true) throw error;
    return;
  }
  // In documents a target follows "--": another word refers to one of our commands.
  const dashes = words.indexOf('--');
  const target =
    dashes < 0 ? program.args : program.args.slice(0, program.args.length - (words.length - dashes - 1));
  const first = target[0];
  if (first !== undefined && !program.commands.some((each) => each.name() === first)) {
    throw new Error(`cmemstat ${first}: no such command`);
  }
}

const CASES = [
  ...FILES.flatMap((path) => codeLines(path).map((line) => ({ where: path, line }))),
  ...`${EXAMPLES}\n${COMPLETION_HELP}`.split('\n').map((line) => ({
    where: 'help',
    line: line.replace(/^ *(bash|zsh|fish)? +/, '').replace(/ {2,}.*/, ''),
  })),
].flatMap(({ where, line }) => {
  const words = argumentsIn(line.trim());
  return words === undefined ? [] : [{ where, line: line.trim(), words }];
});

describe('the command lines in documents', () => {
  it('are found', () => {
    const found = (where: string) => CASES.filter((each) => each.where === where).length;
    expect(found('README.md')).toBeGreaterThan(20);
    expect(found('help')).toBeGreaterThan(10);
    for (const path of ['examples/agent.mjs', 'examples/ci/gitlab.yml', 'examples/ci/jenkinsfile']) {
      expect([path, found(path)]).toEqual([path, 1]);
    }
  });

  it.each(CASES)('are accepted: $where: $line', ({ where, words }) => {
    // A sentence names a command or an option without its arguments.
    const ignored = where.endsWith('.md') ? /: missing (?:argument|value)/ : undefined;
    expect(() => parse(words, ignored)).not.toThrow();
  });

  it.each([
    'sudo cmemstat run -- node examples/agent.mjs',
    'cmemstat maps --nope',
    'cmemstat budget chek run.jsonl',
    'cmemstat --placement moon -- true',
    'cmemstat replay',
    'cmemstat completion powershell',
  ])('are rejected if the program rejects them: %s', (line) => {
    expect(() => parse(argumentsIn(line) ?? [])).toThrow();
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderBashCompletion } from '#src/app/completion/bash-completion.ts';
import type { CompletionCommand } from '#src/app/completion/completion-spec.ts';
import { renderFishCompletion } from '#src/app/completion/fish-completion.ts';
import { renderZshCompletion } from '#src/app/completion/zsh-completion.ts';
import { addCommands } from '#src/cli/all-commands.ts';
import { describeProgram } from '#src/cli/commands/completion-command.ts';
import { SHELLS, type Shell } from '#src/cli/options/shells.ts';
import { declareProgram } from '#src/cli/program.ts';
import { isCi } from '../../../ci.ts';
import { completeLines, missingPrograms, type Offer } from './drive-shells.ts';

const RENDERERS = { bash: renderBashCompletion, zsh: renderZshCompletion, fish: renderFishCompletion };

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'data', 'deep'), { recursive: true });
for (const name of ['run.jsonl', 'run 2.jsonl', 'deep/verdict.json'])
  writeFileSync(join(folder, 'data', name), '');
const data = join(folder, 'data');

const program = declareProgram();
addCommands(program, () => {});
const specification = describeProgram(program);

interface Case {
  line: string;
  /** Offered; with or without a trailing slash, as the shell prints folders. */
  has?: readonly string[];
  hasNot?: readonly string[];
  /** Nothing else is offered. */
  isAll?: boolean;
}

const CASES: readonly Case[] = [
  { line: 'cmemstat map', has: ['maps'] },
  { line: 'cmemstat bud', has: ['budget'] },
  // Options of the run, of a command and of a command of a command.
  { line: 'cmemstat --bud', has: ['--budget', '--budget-file', '--budget-first'], hasNot: ['--memory-max'] },
  { line: 'cmemstat --proc', has: ['--process-interval'], isAll: true },
  { line: 'cmemstat maps --un', has: ['--unused'], isAll: true },
  { line: 'cmemstat maps --pid 1 --un', has: ['--unused'], isAll: true },
  { line: 'cmemstat budget init --warm', has: ['--warm', '--warmup'], isAll: true },
  { line: 'cmemstat budget check --max', has: ['--max-regression'], isAll: true },
  { line: 'cmemstat elf --ma', hasNot: ['--make-maps'] },
  { line: 'cmemstat budget ', has: ['init', 'check'] },
  { line: 'cmemstat budget help ', has: ['init', 'check', 'help'], isAll: true },
  { line: 'cmemstat budget help ch', has: ['check'], isAll: true },
  { line: 'cmemstat help ma', has: ['maps'], isAll: true },
  { line: 'cmemstat help ', has: ['maps', 'budget', 'explain'] },
  { line: 'cmemstat help budget ', has: ['init', 'check'], isAll: true },
  { line: 'cmemstat hel', has: ['help'] },
  // Words.
  { line: 'cmemstat maps --type lru', has: ['lru_hash', 'lru_percpu_hash'], isAll: true },
  { line: 'cmemstat maps --type ', has: ['hash', 'ringbuf'], hasNot: ['unspec'] },
  { line: 'cmemstat replay --at ', has: ['peak', 'end'], isAll: true },
  { line: 'cmemstat --kill-after ', has: ['never'], isAll: true },
  { line: 'cmemstat --placement ', has: ['systemd', 'top', 'own', 'process-tree'], isAll: true },
  { line: 'cmemstat -i 5 --require ', has: ['cgroup'], isAll: true },
  { line: 'cmemstat budget init --wait ', has: ['target', 'all'], isAll: true },
  { line: 'cmemstat maps --sort max', has: ['max_entries'], isAll: true },
  { line: 'cmemstat maps --group-by com', has: ['comm'], isAll: true },
  { line: 'cmemstat report --format j', has: ['junit', 'json'], isAll: true },
  { line: 'cmemstat --report ju', has: ['junit'], isAll: true },
  { line: 'cmemstat completion ', has: ['bash', 'zsh', 'fish'], isAll: true },
  { line: 'cmemstat completion f', has: ['fish'], isAll: true },
  // Files, folders, users.
  { line: `cmemstat replay ${data}/r`, has: [`${data}/run.jsonl`, `${data}/run 2.jsonl`], isAll: true },
  { line: `cmemstat compare a ${data}/run.`, has: [`${data}/run.jsonl`], isAll: true },
  { line: `cmemstat report --output x ${data}/run.`, has: [`${data}/run.jsonl`], isAll: true },
  { line: `cmemstat --baseline ${data}/run.`, has: [`${data}/run.jsonl`], isAll: true },
  { line: `cmemstat --cwd ${data}/`, has: [`${data}/deep`], isAll: true },
  { line: 'cmemstat --user roo', has: ['root'], isAll: true },
  // The target.
  { line: 'cmemstat chmo', has: ['chmod'], isAll: true },
  { line: 'cmemstat -- chmo', has: ['chmod'], isAll: true },
  { line: 'cmemstat --budget "anon<=1MiB" -- chmo', has: ['chmod'], isAll: true },
  { line: `cmemstat cat ${data}/run.`, has: [`${data}/run.jsonl`], isAll: true },
  { line: `cmemstat -- maps ${data}/run.`, has: [`${data}/run.jsonl`], isAll: true },
  { line: `cmemstat budget init -- maps ${data}/run.`, has: [`${data}/run.jsonl`], isAll: true },
  { line: 'cmemstat -- maps --un', hasNot: ['--unused'] },
  { line: 'cmemstat make --proc', hasNot: ['--process-interval'] },
];

/** All programs of the host are offered, which takes the driver of zsh longer than its test may take. */
const ALL_PROGRAMS: readonly Case[] = [
  { line: 'cmemstat ', has: ['maps', 'chmod'] },
  { line: 'cmemstat -q -- ', has: ['chmod'], hasNot: ['--json'] },
  { line: 'cmemstat budget init ', has: ['chmod'] },
];

/** "=" and ":" are word breaks of readline: bash passes what follows the last of them. */
const JOINED: readonly { line: string; word: string; afterBreak: string }[] = [
  { line: 'cmemstat --placement=sys', word: '--placement=systemd', afterBreak: 'systemd' },
  { line: 'cmemstat maps --sort=max', word: '--sort=max_entries', afterBreak: 'max_entries' },
  {
    line: `cmemstat --report json:${data}/run.`,
    word: `json:${data}/run.jsonl`,
    afterBreak: `${data}/run.jsonl`,
  },
  {
    line: `cmemstat --report=json:${data}/run.`,
    word: `--report=json:${data}/run.jsonl`,
    afterBreak: `${data}/run.jsonl`,
  },
  { line: 'cmemstat --env A=b:c --placement=sys', word: '--placement=systemd', afterBreak: 'systemd' },
];

const withoutSlash = (word: string) => word.replace(/(.)\/$/, '$1');

/** Descriptions are not quoted for the shells: any text must be harmless. */
const HOSTILE = String.raw`it's "$HOME" $(touch hit) \ [x]: {a,b} *? #!; 100% \n`;
const hostileCommand: CompletionCommand = {
  name: 'cmemstat',
  description: HOSTILE,
  options: [
    {
      short: undefined,
      long: '--odd',
      description: `1 ${HOSTILE}`,
      isRepeatable: false,
      value: { kind: 'words', words: ['one', 'two'], name: HOSTILE, isOptional: false },
    },
    { short: '-p', long: '--plain', description: `2 ${HOSTILE}`, isRepeatable: true, value: undefined },
  ],
  arguments: [],
  commands: [
    { name: 'sub', description: HOSTILE, options: [], arguments: [], commands: [] },
    { name: 'sur', description: HOSTILE, options: [], arguments: [], commands: [] },
  ],
};

describe.each(SHELLS)('the completion of %s', (shell: Shell) => {
  const missing = missingPrograms(shell);
  if (missing.length > 0 && !isCi()) {
    it.skip(`[needs ${missing.join(', ')}]`, () => {});
    return;
  }
  let offers: Map<string, Offer[]>;
  const cases = [...CASES, ...(shell === 'zsh' ? [] : ALL_PROGRAMS)];
  const lines = [...cases, ...JOINED].map(({ line }) => line);
  beforeAll(async () => {
    offers = await completeLines(shell, RENDERERS[shell](specification), lines, folder);
  }, 60_000);
  const wordsOf = (line: string) =>
    (offers.get(line) ?? []).map(({ word }) => withoutSlash(word.replaceAll('\\ ', ' '))).sort();

  it.each(cases)('of $line', ({ line, has = [], hasNot = [], isAll = false }) => {
    expect(offers.has(line)).toBe(true);
    const words = wordsOf(line);
    expect(words).toEqual(expect.arrayContaining([...has]));
    for (const word of hasNot) expect(words).not.toContain(word);
    if (isAll) expect(words).toEqual([...has].sort());
  });

  it.each(JOINED)('of $line', ({ line, word, afterBreak }) => {
    expect(wordsOf(line)).toEqual([shell === 'bash' ? afterBreak : word]);
  });

  it.skipIf(shell !== 'zsh')('works when sourced instead of installed', async () => {
    const asked = ['cmemstat --proc', 'cmemstat maps --sort max', 'cmemstat chmo'];
    const found = await completeLines(shell, RENDERERS[shell](specification), asked, folder, 'sourced.zsh');
    const words = asked.map((line) => (found.get(line) ?? []).map(({ word }) => word));
    expect(words).toEqual([['--process-interval'], ['max_entries'], ['chmod']]);
  });

  it('accepts any text as a description', async () => {
    const asked = ['cmemstat --', 'cmemstat --odd ', 'cmemstat su'];
    const found = await completeLines(shell, RENDERERS[shell](hostileCommand), asked, folder);
    const words = (line: string) => (found.get(line) ?? []).map(({ word }) => word).sort();
    expect(words('cmemstat --')).toEqual(['--odd', '--plain']);
    expect(words('cmemstat --odd ')).toEqual(['one', 'two']);
    expect(words('cmemstat su')).toEqual(['sub', 'sur']);
    if (shell === 'bash') return;
    const texts = (found.get('cmemstat --') ?? []).map(({ description }) => description);
    expect(texts).toEqual([1, 2].map((number) => expect.stringContaining(`${number} ${HOSTILE}`)));
  });
});

it('includes all options and commands of the help', () => {
  const names = JSON.stringify(specification);
  for (const command of [program, ...program.commands]) {
    for (const { long } of command.createHelp().visibleOptions(command)) expect(names).toContain(`"${long}"`);
  }
});

import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCommands } from '#src/cli/all-commands.ts';
import { declareProgram, runCommandLine } from '#src/cli/program.ts';

describe('rules between options', () => {
  it.each([
    ['--max-regression 5% -- true', '--max-regression', '--max-regression requires --baseline'],
    ['--strict-host -- true', '--strict-host', '--strict-host requires --baseline'],
    [
      '--stop-on-exceeded -- true',
      '--stop-on-exceeded',
      '--stop-on-exceeded requires --budget or --budget-file',
    ],
    [
      '--stop-on-breach -- true',
      '--stop-on-exceeded',
      '--stop-on-exceeded requires --budget or --budget-file',
    ],
    ['report --strict-host run.jsonl', '--strict-host', '--strict-host requires --baseline'],
    [
      'budget check --max-regression 5% run.jsonl',
      '--max-regression',
      '--max-regression requires --baseline',
    ],
    ['--warm --drop-caches -- true', '--warm', '--warm conflicts with --drop-caches'],
    ['budget init --drop-caches --warm -- true', '--warm', '--warm conflicts with --drop-caches'],
    ['maps --format bpftool --json', '--format', '--format conflicts with --json'],
    ['maps --sort bytes --format bpftool', '--format', '--format conflicts with --sort'],
    ['maps --total --format=bpftool', '--format', '--format conflicts with --total'],
    ['maps --total --top 3', '--total', '--total conflicts with --top'],
    ['maps --json --bytes', '--bytes', '--bytes conflicts with --json'],
    ['compare --json --bytes a b', '--bytes', '--bytes conflicts with --json'],
    ['elf --json --bytes a.o', '--bytes', '--bytes conflicts with --json'],
    ['--tui --no-tui -- true', '--tui', '--tui conflicts with --no-tui'],
    ['--no-tui --tui -- true', '--tui', '--tui conflicts with --no-tui'],
    ['--no-tui --exit-on-end -- true', '--exit-on-end', '--exit-on-end conflicts with --no-tui'],
    ['--inherit-ratio 0.5 -- true', '--inherit-ratio', '--inherit-ratio requires --inherit-limits'],
    ['--evaluate worst -- true', '--evaluate', '--evaluate requires --runs'],
    [
      '--budget-optional -- true',
      '--budget-optional',
      '--budget-optional requires --budget or --budget-file',
    ],
    [
      '--budget-exit-code 9 -- true',
      '--budget-exit-code',
      '--budget-exit-code requires --budget or --budget-file',
    ],
    ['--budget-first -- true', '--budget-first', '--budget-first requires --budget or --budget-file'],
    [
      '--bpf-interval 0 --fail-on-leftover -- true',
      '--fail-on-leftover',
      '--fail-on-leftover conflicts with --bpf-interval 0',
    ],
    [
      '--placement process-tree --memory-max 1G -- true',
      '--memory-max',
      '--memory-max conflicts with --placement process-tree',
    ],
    [
      '--placement process-tree --require cgroup -- true',
      '--require cgroup',
      '--require cgroup conflicts with --placement process-tree',
    ],
    [
      'budget init --exit-on-end -- true',
      '--exit-on-end',
      '--exit-on-end conflicts with budget init, which has no view',
    ],
    ['elf --measure --kernel-btf vmlinux a.o', '--measure', '--measure conflicts with --kernel-btf'],
  ])('cmemstat %s: names the option', async (line, option, message) => {
    await expect(runCommandLine(line.split(' '))).rejects.toThrow(
      expect.objectContaining({ code: 'USAGE', option, message }),
    );
  });

  it('--max-regression of compare requires nothing: both sides are given', async () => {
    await expect(
      runCommandLine(['compare', '--max-regression', '5%', '/nowhere/a', '/nowhere/b']),
    ).rejects.toThrow('/nowhere/a');
  });
});

/** All commands with the words that call them. */
function* commandsBelow(
  command: Command,
  path: string[] = [],
): Generator<[path: string[], command: Command]> {
  yield [path, command];
  for (const each of command.commands) yield* commandsBelow(each, [...path, each.name()]);
}

describe('an empty value', () => {
  const program = declareProgram();
  addCommands(program, () => {});
  const commands = [...commandsBelow(program)];
  const options = commands.flatMap(([path, command]) =>
    command.options
      .filter(({ required, optional }) => required || optional)
      .map(({ long }) => [[...path, `${long}=`].join(' '), long] as const),
  );

  it.each(options)('cmemstat %s is refused', async (line, long) => {
    await expect(runCommandLine(line.split(' '))).rejects.toMatchObject({
      code: 'USAGE',
      message: `${long}: the value is empty`,
    });
  });

  it('is looked for in all options that take a value', () => {
    expect(options.length).toBeGreaterThan(60);
  });

  it.each([
    [['replay', ''], 'replay <file>'],
    [['compare', 'a', ''], 'compare <new>'],
    [['report', 'a', 'b', ''], 'report <files>'],
    [['elf', ''], 'elf <files>'],
    [['attach', ''], 'attach <target>'],
    [['budget', 'check', ''], 'budget check <files>'],
  ])('cmemstat %j is refused', async (words, name) => {
    await expect(runCommandLine(words)).rejects.toMatchObject({ message: `${name}: the value is empty` });
  });
});

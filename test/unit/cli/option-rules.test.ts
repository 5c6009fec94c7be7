import { describe, expect, it } from 'vitest';
import { runCommandLine } from '#src/cli/program.ts';

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

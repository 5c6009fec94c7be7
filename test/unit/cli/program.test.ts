import { describe, expect, it } from 'vitest';
import { runCommandLine } from '#src/cli/program.ts';

describe('an invalid command line', () => {
  it.each<[line: string, message: string, hint: string]>([
    ['budget', 'budget: missing subcommand', 'cmemstat budget init or cmemstat budget check'],
    ['budget chek', 'budget: unknown command chek', 'did you mean cmemstat budget check?'],
    ['budget qqqqqq', 'budget: unknown command qqqqqq', 'one of: init, check'],
    ['budget init', 'no command given', 'cmemstat budget init -- command [arguments...]'],
    ['--quiet', 'no command given', 'cmemstat -- command [arguments...]'],
    ['maps --jsn', 'unknown option --jsn', 'did you mean --json?'],
    ['maps --jsn=1', 'unknown option --jsn', 'did you mean --json?'],
    ['maps --qqqqqqqqqqqq', 'unknown option --qqqqqqqqqqqq', 'cmemstat maps --help'],
    ['-x', 'unknown option -x', 'cmemstat --help'],
    ['replay a b', 'replay: unexpected argument b', 'cmemstat replay [options] <file>'],
    ['doctor a', 'doctor: unexpected argument a', 'cmemstat doctor [options]'],
    ['compare a', 'compare: missing argument <new>', 'cmemstat compare [options] <base> <new...>'],
    ['budget check', 'budget check: missing argument <files>', 'cmemstat budget check [options] <files...>'],
    ['report --serve', 'report: missing argument <files>', 'cmemstat report [options] <files...>'],
    ['report --serve 8080', 'report: missing argument <files>', 'cmemstat report [options] <files...>'],
    ['report x --serve --no-embed', '--serve conflicts with --no-embed', 'give one of them'],
    ['report --serve 70000 x', '--serve 70000: expected HOST:PORT', 'such as 127.0.0.1:8080 or [::1]:8080'],
    ['maps --serve x', '--serve x: expected HOST:PORT', 'such as 127.0.0.1:8080 or [::1]:8080'],
    ['maps --serve --json', '--serve conflicts with --json', 'give one of them'],
    ['--interval', '--interval: missing value', '-i, --interval <duration>'],
    ['--warm --drop-caches -- true', '--warm conflicts with --drop-caches', 'give one of them'],
    ['help map', 'help: unknown command map', 'did you mean cmemstat help maps?'],
    ['help budget chek', 'help: unknown command budget chek', 'did you mean cmemstat help budget check?'],
  ])('cmemstat %s', async (line, message, hint) => {
    await expect(runCommandLine(line.split(' '))).rejects.toMatchObject({ code: 'USAGE', message, hint });
  });

  it('without arguments shows the usage', async () => {
    await expect(runCommandLine([])).rejects.toMatchObject({
      message: 'no command given',
      hint: 'cmemstat --help',
      detail: expect.stringMatching(
        /^Usage: cmemstat \[options\] -- command .*\n {7}cmemstat doctor\|maps\|.*completion \.\.\.$/,
      ),
    });
  });

  it('with a target named similarly to a command suggests the command', async () => {
    await expect(runCommandLine(['docter'])).rejects.toMatchObject({
      exitCode: 127,
      hint: 'did you mean cmemstat doctor?',
    });
    await expect(runCommandLine(['--', 'docter'])).rejects.toMatchObject({ exitCode: 127, hint: undefined });
  });

  it.each([
    ['--budget-file', ['--budget-file', 'a.json', '--budget-file', 'b.json', '--', 'true']],
    ['--baseline', ['--baseline', 'a.json', '--baseline', 'b.json', '--', 'true']],
    ['--max-regression', ['compare', '--max-regression', '5%', '--max-regression', '1%', 'a', 'b']],
    ['--budget-file', ['budget', 'check', '--budget-file', 'a.json', '--budget-file', 'b.json', 'run.jsonl']],
  ])('keeps the first of two %s', async (option, words) => {
    await expect(runCommandLine(words)).rejects.toThrow(`${option} is given twice`);
  });

  it('lists the shells that have completions', async () => {
    await expect(runCommandLine(['completion', 'powershell'])).rejects.toMatchObject({
      code: 'USAGE',
      message: 'completion powershell: expected bash, zsh or fish',
    });
  });

  it.each([
    ['cmemstat', ['--nope', '--', 'true']],
    ['cmemstat compare', ['compare', '--nope', 'a', 'b']],
    ['cmemstat budget', ['budget', '--nope']],
  ])('suggests the help of %s', async (command, words) => {
    await expect(runCommandLine(words)).rejects.toMatchObject({ hint: `${command} --help` });
  });
});

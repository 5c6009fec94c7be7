import { describe, expect, it } from 'vitest';
import { runCommandLine } from '#src/cli/program.ts';

describe('a command line that is wrong', () => {
  it('asks which command of budget is meant', async () => {
    await expect(runCommandLine(['budget'])).rejects.toThrow('budget: expected a subcommand: init or check');
  });

  it('says which command of budget may be meant', async () => {
    await expect(runCommandLine(['budget', 'chek'])).rejects.toThrow('Did you mean check?');
  });

  it.each([
    ['--budget-file', ['--budget-file', 'a.json', '--budget-file', 'b.json', '--', 'true']],
    ['--baseline', ['--baseline', 'a.json', '--baseline', 'b.json', '--', 'true']],
    ['--max-regression', ['compare', '--max-regression', '5%', '--max-regression', '1%', 'a', 'b']],
    ['--budget-file', ['budget', 'check', '--budget-file', 'a.json', '--budget-file', 'b.json', 'run.jsonl']],
  ])('does not drop the first of two %s', async (option, words) => {
    await expect(runCommandLine(words)).rejects.toThrow(`${option} is given twice`);
  });

  it('lists the shells that have completions', async () => {
    await expect(runCommandLine(['completion', 'powershell'])).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('bash, zsh, fish'),
    });
  });

  it.each([
    ['cmemstat', ['--nope', '--', 'true']],
    ['cmemstat compare', ['compare', '--nope', 'a', 'b']],
    ['cmemstat budget', ['budget', '--nope']],
    ['cmemstat budget check', ['budget', 'check']],
  ])('names the help of %s', async (command, words) => {
    await expect(runCommandLine(words)).rejects.toMatchObject({ hint: `${command} --help` });
  });
});

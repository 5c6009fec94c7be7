import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { githubStepSummary, renderGithubReport } from '#src/report/github.ts';
import { renderMarkdownReport } from '#src/report/markdown.ts';
import { required } from '../../required.ts';
import { examples, failedBudget } from './example-verdicts.ts';
import { hostileVerdict } from './hostile-verdicts.ts';

/** Parses a workflow command like the runner. */
function parseCommand(line: string): { level: string; title: string; message: string } {
  const match = /^::(error|warning) title=([^:,]*)::(.*)$/.exec(line);
  if (match === null) throw new Error(`not a command: ${line}`);
  const decode = (text: string) => text.replace(/%(25|0A|0D|3A|2C)/g, (code) => decodeURIComponent(code));
  const [, level = '', title = '', message = ''] = match;
  return { level, title: decode(title), message: decode(message) };
}

const commands = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseCommand);

describe('renderGithubReport', () => {
  it('is empty if everything passed', () => {
    expect(renderGithubReport(required(examples.passed))).toBe('');
    expect(renderGithubReport(required(examples.empty))).toBe('');
  });

  it('has the budget as the title of an error', () => {
    const [first] = commands(renderGithubReport(required(examples.failed)));
    expect(first?.level).toBe('error');
    expect(first?.title).toBe('Memory budget: BPF maps');
    expect(first?.message.split('\n')[0]).toBe('19.5 MiB, must be at most 16.0 MiB: 3.50 MiB over (+21.9 %)');
  });

  it.each([
    ['optional', [['warning', 'Memory budget: kernel<=32MiB']]],
    [
      'not-measured',
      [
        ['error', 'Memory budget: kernel<=32MiB'],
        ['warning', 'cmemstat'],
      ],
    ],
    ['leftovers', [['error', 'Memory left behind']]],
    ['leftover-files', [['error', 'Memory left behind']]],
    ['timeout', [['error', 'Target']]],
    ['strict-host', [['error', 'Memory comparison']]],
    ['missing-metric', [['error', 'Memory regression: no regression of bpf.map:old']]],
    ['tool-failed', [['error', 'cmemstat failed']]],
    [
      'comparison',
      [
        ['error', 'Memory regression: no regression of anon'],
        ['error', 'Memory regression: no regression of bpf.map:old'],
        ['error', 'Memory regression: no regression of unexplained'],
        ['warning', 'Memory comparison'],
      ],
    ],
  ])('annotates the verdict "%s"', (name, expected) => {
    const found = commands(renderGithubReport(required(examples[name])));
    expect(found.map(({ level, title }) => [level, title])).toEqual(expected);
  });

  it('contains only commands, one per finding, with any texts', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const all = commands(renderGithubReport(verdict));
        const budgets = verdict.budgets.filter(({ status }) => status !== 'passed').length;
        expect(all.filter(({ title }) => title.startsWith('Memory budget: '))).toHaveLength(budgets);
      }),
    );
  });
});

describe('githubStepSummary', () => {
  it('is the Markdown report', () => {
    const verdict = required(examples.failed);
    expect(githubStepSummary(verdict)).toBe(renderMarkdownReport(verdict));
  });

  it('is cut at a line where GitHub would reject it, with nothing left open', () => {
    const budgets = Array.from({ length: 1500 }, (_, index) => ({ ...failedBudget, name: `é ${index}` }));
    const summary = githubStepSummary({ ...required(examples.passed), budgets });
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.byteLength(summary)).toBeGreaterThan(1024 * 1024 - 4096);
    expect(summary).toMatch(/\n_Truncated: GitHub accepts at most 1 MiB\._\n$/);
    expect(summary.match(/<details/g)?.length).toBe(summary.match(/<\/details>/g)?.length);
  });

  it('respects the rest of the limit at any length', () => {
    const verdict = required(examples.failed);
    for (let limit = 0; limit < 3000; limit += 37) {
      const summary = githubStepSummary(verdict, limit);
      expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(limit);
      expect(summary.match(/<details/g)?.length).toBe(summary.match(/<\/details>/g)?.length);
    }
  });
});

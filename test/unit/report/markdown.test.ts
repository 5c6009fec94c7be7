import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMarkdownReport } from '#src/report/markdown.ts';
import { codeCell, codeHtml, codeSpan } from '#src/report/markdown-text.ts';
import { required } from '../../required.ts';
import { examples } from './example-verdicts.ts';
import { hostileVerdict } from './hostile-verdicts.ts';

/** Splits a table row into cells like GitHub; both readings of a backslash before "\|" are tried. */
function cellsOf(line: string): string[] {
  const pairs = line.split(/(?<=(?:^|[^\\])(?:\\\\)*)\|/);
  const single = line.split(/(?<!\\)\|/);
  expect(pairs).toEqual(single);
  return single.slice(1, -1);
}

/** Removes code, in which markup is not parsed. */
function withoutCode(line: string): string {
  return line.replace(/(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)/g, '').replace(/<code>[^<>]*<\/code>/g, '');
}

describe('codeSpan', () => {
  it.each([
    ['plain', '`plain`'],
    ['a `b` c', '``a `b` c``'],
    ['`', '`` ` ``'],
    ['```', '```` ``` ````'],
    [' a ', '`  a  `'],
    ['a\nb', '`a\\x0ab`'],
    ['', '(none)'],
    ['  ', '(none)'],
  ])('writes %o as %s', (text, span) => {
    expect(codeSpan(text)).toBe(span);
  });

  it.each([
    ['a|b', '`a\\|b`'],
    ['a\\|b', '`a\\\\x7cb`'],
    ['||', '`\\|\\|`'],
  ])('writes %o as %s in a table', (text, span) => {
    expect(codeCell(text)).toBe(span);
  });

  it('writes HTML where HTML is parsed', () => {
    expect(codeHtml('<b>&"\n')).toBe('<code>&lt;b&gt;&amp;&quot;\\x0a</code>');
  });
});

describe('renderMarkdownReport', () => {
  it('shows an exceeded limit expanded, and unmeasured budgets collapsed', () => {
    const failed = renderMarkdownReport(required(examples.failed));
    expect(failed).toContain('<details open><summary>FAILED: <code>BPF maps</code></summary>\n\n');
    expect(failed).toContain('| `anon` | 180 MiB | 150 MiB | +30.0 MiB |');
    expect(failed).toContain('- Owner: `@acme/datapath`');
    const unmeasured = renderMarkdownReport(required(examples['not-measured']));
    expect(unmeasured).toContain('<details><summary>NOT MEASURED: <code>kernel&lt;=32MiB</code></summary>');
  });

  it('omits a chart of unknown values', () => {
    expect(renderMarkdownReport(required(examples['not-measured']))).not.toContain('Over time');
    expect(renderMarkdownReport(required(examples.empty))).not.toContain('Over time');
  });

  it('preserves its tables, sections and plain text, with any texts', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const text = renderMarkdownReport(verdict);
        // Every other part is a chart.
        const parts = text.split(/^```(?:text)?$/m);
        expect(parts.length % 2).toBe(1);
        const lines = parts
          .filter((_, at) => at % 2 === 0)
          .join('')
          .split('\n');
        let columns = 0;
        for (const line of lines) {
          if (line.startsWith('| ')) {
            const cells = cellsOf(line);
            if (columns > 0) expect(cells).toHaveLength(columns);
            columns = cells.length;
          } else columns = 0;
          const ours = withoutCode(line);
          expect(ours).not.toMatch(/[`@[\]]|https?:|#\d/);
          expect(ours).not.toMatch(/<(?!\/?details>|details open>|\/?summary>)/);
        }
        expect(text.match(/^<details/gm)?.length).toBe(text.match(/^<\/details>$/gm)?.length);
      }),
    );
  });
});

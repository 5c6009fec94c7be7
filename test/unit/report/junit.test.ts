import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderJunitReport } from '#src/report/junit.ts';
import { required } from '../../required.ts';
import { examples, passedBudget } from './example-verdicts.ts';
import { hostileVerdict } from './hostile-verdicts.ts';

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** Reads the subset of XML that reports use: anything else is an error. */
function parseXml(document: string): Element {
  expect(document).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/);
  // XML 1.0, 2.2: only these characters are legal.
  expect(document).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  const token = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<>]*")*)(\/?)>|([^<>]+)/gy;
  token.lastIndex = document.indexOf('\n') + 1;
  while (token.lastIndex < document.length) {
    const at = token.lastIndex;
    const match = token.exec(document);
    if (match === null) throw new Error(`not well-formed at ${document.slice(at, at + 40)}`);
    const [, closes, name = '', attributes = '', isEmpty, text] = match;
    const current = open.at(-1) ?? top;
    if (text !== undefined) current.text += unescapeXml(text);
    else if (closes === '/') {
      expect(current.name).toBe(name);
      open.pop();
    } else {
      const element: Element = { name, attributes: parseAttributes(attributes), children: [], text: '' };
      current.children.push(element);
      if (isEmpty === '') open.push(element);
    }
  }
  expect(open).toEqual([top]);
  expect(top.children).toHaveLength(1);
  return top.children[0] ?? top;
}

function parseAttributes(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
    name,
    unescapeXml(value),
  ]);
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return Object.fromEntries(pairs);
}

function unescapeXml(text: string): string {
  const words: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(\w*;?)/g, (_, entity: string) => {
    const word = words[entity.replace(/;$/, '')];
    if (word === undefined || !entity.endsWith(';')) throw new Error(`not an entity: &${entity}`);
    return word;
  });
}

const cases = (suite: Element) => suite.children.filter(({ name }) => name === 'testcase');
const outcomes = (suite: Element, name: string) =>
  cases(suite).filter(({ children }) => children[0]?.name === name);

describe('renderJunitReport', () => {
  it.each(Object.entries(examples))('counts what it lists: %s', (_, verdict) => {
    const suite = parseXml(renderJunitReport(verdict));
    expect(suite.name).toBe('testsuite');
    expect(suite.attributes).toMatchObject({
      tests: String(cases(suite).length),
      failures: String(outcomes(suite, 'failure').length),
      errors: String(outcomes(suite, 'error').length),
      skipped: String(outcomes(suite, 'skipped').length),
      timestamp: '2025-03-04T05:06:07',
    });
  });

  it('has a case for each budget, in order, and one for the target', () => {
    const suite = parseXml(renderJunitReport(required(examples.failed)));
    expect(cases(suite).map(({ attributes }) => attributes.name)).toEqual([
      'anon<=256MiB',
      'BPF maps',
      'processes<2',
      'anon.avg<=100MiB',
      'no BPF maps left behind',
      'the target succeeds',
    ]);
    const [failure] = outcomes(suite, 'failure')[0]?.children ?? [];
    expect(failure?.attributes.message).toBe('19.5 MiB, must be at most 16.0 MiB: 3.50 MiB over (+21.9 %)');
    expect(failure?.text).toContain('owner: @acme/datapath\n');
  });

  it('distinguishes budgets of one name', () => {
    const twice = { ...required(examples.empty), budgets: [passedBudget, passedBudget] };
    const names = cases(parseXml(renderJunitReport(twice))).map(({ attributes }) => attributes.name);
    expect(names).toEqual(['anon<=256MiB', 'anon<=256MiB (2)', 'the target succeeds']);
  });

  it('is well-formed and lists the same cases, with any texts', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const suite = parseXml(renderJunitReport(verdict));
        expect(suite.children.map(({ name }) => name).filter((name) => name !== 'testcase')).toEqual([
          'properties',
          'system-out',
          'system-err',
        ]);
        const kinds = cases(suite).map(({ attributes }) => attributes.classname);
        expect(kinds.filter((kind) => kind === 'cmemstat.budget')).toHaveLength(verdict.budgets.length);
        expect(kinds.filter((kind) => kind === 'cmemstat.target')).toHaveLength(1);
        const keys = cases(suite).map(({ attributes }) => `${attributes.classname} ${attributes.name}`);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

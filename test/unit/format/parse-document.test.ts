import { expect, it } from 'vitest';
import { parseDocument } from '#src/format/parse-document.ts';

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

it('parses JSON, with or without a byte order mark', () => {
  expect(parseDocument('\ufeff{"a":[1,{"b":"[[{"}]}')).toEqual({ a: [1, { b: '[[{' }] });
  expect(() => parseDocument('{')).toThrow(SyntaxError);
});

it('refuses millions of brackets without parsing them', () => {
  const { user } = process.cpuUsage();
  expect(() => parseDocument('['.repeat(20_000_000))).toThrow('nested more than 500 deep');
  expect(process.cpuUsage().user - user).toBeLessThan(2_000_000);
});

it('refuses what is nested too deeply, and nothing that only contains brackets', () => {
  expect(() => parseDocument(nested(500))).not.toThrow();
  expect(() => parseDocument(`{"x":${nested(20_000)}}`)).toThrow(SyntaxError);
  expect(() => parseDocument(`["\\"${'['.repeat(2000)}", ${Array(2000).fill('[]').join()}]`)).not.toThrow();
});

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '#src/errors.ts';
import type { Verdict } from '#src/model/verdict.ts';
import {
  defaultStreamOf,
  isAloneOnStdout,
  parseReportFormat,
  parseReportRequest,
  renderReport,
} from '#src/report/render-report.ts';
import { VERDICT_FORMATS } from '#src/report/report-formats.ts';
import { golden } from '../../paths.ts';
import { examples } from './example-verdicts.ts';
import { hostileVerdict } from './hostile-verdicts.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');
const SCHEMAS = ['verdict.schema.json', 'comparison.schema.json'];
const ENDINGS = {
  text: 'txt',
  markdown: 'md',
  junit: 'xml',
  github: 'txt',
  json: 'json',
  tap: 'tap',
} as const;

describe('isAloneOnStdout', () => {
  it.each(VERDICT_FORMATS)('%s', (format) => {
    expect(isAloneOnStdout({ format })).toBe(format !== 'text' && format !== 'github');
    expect(isAloneOnStdout({ format, file: 'report' })).toBe(false);
  });
});

describe('renderReport', () => {
  const all = VERDICT_FORMATS.flatMap((format) =>
    Object.keys(examples).map((name) => [format, name] as const),
  );

  it.each(all)('renders %s of the verdict "%s"', async (format, name) => {
    const verdict = examples[name];
    if (verdict === undefined) throw new Error(name);
    const file = golden(`reports/${format}/${name}.${ENDINGS[format]}`);
    await expect(renderReport(format, verdict)).toMatchFileSnapshot(file);
  });

  it.each(VERDICT_FORMATS)('ends %s with one newline, or renders nothing', (format) => {
    for (const verdict of Object.values(examples)) {
      expect(renderReport(format, verdict)).toMatch(/^$|[^\n]\n$/);
    }
  });

  it.each(VERDICT_FORMATS)('counts times from the attachment in %s', (format) => {
    for (const [name, verdict] of Object.entries(examples)) {
      const attached: Verdict = { ...verdict, target: { ...verdict.target, attached: true } };
      expect(renderReport(format, attached), name).not.toContain('after the launch');
    }
    const { explained } = examples;
    const attached = explained && { ...explained, target: { ...explained.target, attached: true as const } };
    if (format !== 'json' && attached !== undefined)
      expect(renderReport(format, attached)).toContain('after the attachment');
  });

  it('renders JSON that is valid by the schema and has the same content', () => {
    const [schema, comparison] = SCHEMAS.map((name) =>
      JSON.parse(readFileSync(join(PROJECT, 'schema', name), 'utf8')),
    );
    const validate = new Ajv2020({ strict: true, strictTypes: false, schemas: [comparison] }).compile(schema);
    for (const verdict of Object.values(examples)) {
      const read = JSON.parse(renderReport('json', verdict));
      validate(read);
      expect(validate.errors ?? []).toEqual([]);
      expect(read).toEqual(verdict);
    }
    validate({ ...examples.passed, surprise: 1 });
    expect(validate.errors).not.toBeNull();
  });

  it('renders any text as JSON that can be read back', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        expect(JSON.parse(renderReport('json', verdict))).toEqual(verdict);
      }),
    );
  });

  it.each(VERDICT_FORMATS.filter((format) => format !== 'json'))(
    'renders no control character, no change of direction and no half character in %s',
    (format) => {
      fc.assert(
        fc.property(hostileVerdict, (verdict) => {
          const text = renderReport(format, verdict).replaceAll('\n', '');
          expect(text).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        }),
      );
    },
  );
});

describe('parseReportRequest', () => {
  it.each([
    ['text', { format: 'text' }],
    ['junit:out.xml', { format: 'junit', file: 'out.xml' }],
    ['json:/tmp/a:b.json', { format: 'json', file: '/tmp/a:b.json' }],
  ])('reads %s', (text, request) => {
    expect(parseReportRequest(text)).toEqual(request);
  });

  it.each([
    [
      'junitt:x',
      '--report junitt: unknown report format; expected text, markdown, junit, github, json, tap or html',
      'junit',
    ],
    ['MARKDOWN', '--report MARKDOWN: unknown report format; expected', 'markdown'],
    ['tpa', '--report tpa: unknown report format', 'tap'],
  ])('rejects %s and suggests the nearest name', (text, message, nearest) => {
    expect(() => parseReportRequest(text)).toThrow(message);
    expect(hintOf(() => parseReportRequest(text))).toBe(`--report ${nearest}`);
  });

  it('suggests no distant name', () => {
    expect(hintOf(() => parseReportFormat('qqqqqqqqqq', '--format'))).toBeUndefined();
  });

  it('rejects a colon without a file', () => {
    expect(() => parseReportRequest('junit:')).toThrow('--report junit:: no file after the colon');
  });
});

describe('defaultStreamOf', () => {
  it('keeps text off the stream that a pipe reads', () => {
    expect(VERDICT_FORMATS.map(defaultStreamOf)).toEqual([
      'stderr',
      'stdout',
      'stdout',
      'stdout',
      'stdout',
      'stdout',
    ]);
  });
});

function hintOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) return error.hint;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** No output contains anything from outside that a terminal or a CI system interprets. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '#src/app/doctor/diagnosis.ts';
import { renderDiagnosis } from '#src/app/doctor/doctor-table.ts';
import { renderElfReport } from '#src/app/elf/elf-report.ts';
import type { ElfForecast } from '#src/app/elf/forecast-types.ts';
import { evaluateListing, GROUP_KEYS } from '#src/app/maps/listing.ts';
import { renderMapTable } from '#src/app/maps/map-table.ts';
import { safeJson } from '#src/format/safe-text.ts';
import { printableLines } from '#src/format/wrap-lines.ts';
import type { Comparison } from '#src/model/comparison.ts';
import { LineWriter } from '#src/output/line-writer.ts';
import { StandardErrorLog } from '#src/output/log.ts';
import { NdjsonSink } from '#src/output/ndjson.ts';
import { SummaryJsonSink } from '#src/output/summary-json.ts';
import { TableSink } from '#src/output/table.ts';
import { renderComparison } from '#src/report/comparison-text.ts';
import { renderReport } from '#src/report/render-report.ts';
import { VERDICT_FORMATS } from '#src/report/report-formats.ts';
import { SCENE } from './model/listed-maps.ts';
import { cgroup1, cgroup2, processTree } from './output/records.ts';
import { play } from './output/render.ts';
import { hostileTexts, hostileVerdict, withTexts } from './report/hostile-verdicts.ts';
import { makeTree } from './temporary-tree.ts';

const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** `commands`: how many lines are commands of ours. */
function expectHarmless(text: string, commands = 0): void {
  for (const line of text.split('\n')) expect(line).not.toMatch(CONTROL);
  expect(text).not.toMatch(/##\w*\[/);
  expect(text.split('\n').filter((line) => line.trimStart().startsWith('::'))).toHaveLength(commands);
}

const COMPARISON = {
  type: 'comparison',
  version: 2,
  base: { name: 'a', runs: 1, command: ['x'], mode: 'cgroup2' },
  now: { name: 'b', runs: 1, command: ['y'], mode: 'cgroup2' },
  doubts: ['doubt'],
  metrics: ['a', 'b'].map((metric) => ({
    metric,
    unit: 'bytes',
    base: 1,
    now: 2,
    difference: 1,
    noise: 0,
    verdict: 'not-evaluated',
  })),
} as unknown as Comparison;

const DIAGNOSIS: Diagnosis = {
  version: 1,
  cmemstat: '0.1.0',
  ready: true,
  checks: [{ name: 'kernel', state: 'ok', found: 'found', hint: 'hint' }],
};

const COST = { possibleCpus: 4, bytes: 1, fullBytes: 1, unchargedPercpuBytes: 0 };
const FORECAST: ElfForecast = {
  complete: false,
  version: 1,
  cmemstat: '0.1.0',
  kernel: 'kernel',
  possibleCpus: [4],
  objects: [
    {
      path: 'path',
      maps: [
        {
          name: 'm',
          section: '.maps',
          type: 'hash',
          key_size: 4,
          value_size: 8,
          max_entries: 1,
          map_flags: 0,
          costs: [{ ...COST, exact: true }],
          measured: { error: 'error' },
        },
      ],
      totals: [COST],
    },
  ],
  totals: [COST],
};

describe('outside text in any output', () => {
  it.each(VERDICT_FORMATS)('is harmless in reports: %s', (format) => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const text = renderReport(format, verdict);
        const own = format === 'github' ? (text.match(/^::(?:error|warning) title=/gm) ?? []).length : 0;
        expectHarmless(text, own);
      }),
    );
  });

  const style = { plainBytes: false, quiet: false, noSummary: false };
  it.each([
    ['table', (writer: LineWriter) => new TableSink(writer, style)],
    ['brief summary', (writer: LineWriter) => new TableSink(writer, { ...style, quiet: true })],
    ['JSON lines', (writer: LineWriter) => new NdjsonSink(writer)],
    [
      'summary as JSON',
      (writer: LineWriter) =>
        new SummaryJsonSink(
          {
            async write(text) {
              writer.write(text, true);
              await writer.flush();
            },
          },
          () => {},
        ),
    ],
  ])('is harmless in the output of a run: %s', async (_, makeSink) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(cgroup1, cgroup2, processTree), hostileTexts, async (run, texts) => {
        expectHarmless(await play(withTexts(run, texts), makeSink));
      }),
      { numRuns: 30 },
    );
  });

  it('is harmless in lists of maps, forecasts, diagnoses and comparisons', () => {
    fc.assert(
      fc.property(hostileTexts, fc.constantFrom(undefined, 60), (texts, columns) => {
        const hostile = withTexts({ SCENE, COMPARISON, DIAGNOSIS, FORECAST }, texts);
        const input = withTexts({ attribution: 'held', reason: 'r', hint: 'h', advice: undefined }, texts);
        for (const groupBy of [undefined, ...GROUP_KEYS]) {
          const listing = evaluateListing(hostile.SCENE, { sort: 'bytes', groupBy });
          const lines = renderMapTable(
            listing,
            { ...input, attribution: 'held' },
            { plainBytes: false, groupedBy: groupBy, columns },
          );
          expectHarmless(lines.join('\n'));
        }
        const lines = [
          ...renderDiagnosis(hostile.DIAGNOSIS),
          ...renderComparison(hostile.COMPARISON, { plainBytes: false, all: true }),
          ...renderElfReport(hostile.FORECAST, { plainBytes: false }),
        ];
        expectHarmless(printableLines(lines, columns).join('\n'));
        for (const indent of [undefined, 2]) {
          const json = safeJson({ ...hostile, SCENE: undefined }, indent);
          expectHarmless(json);
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ ...hostile, SCENE: undefined })));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is harmless in messages', async () => {
    const file = join(makeTree(), 'log');
    await fc.assert(
      fc.asyncProperty(hostileTexts, async (texts) => {
        const fd = openSync(file, 'w');
        const writer = new LineWriter(fd, file, () => {});
        const log = new StandardErrorLog(writer, { verbose: true, quiet: false });
        const mirrored: string[] = [];
        for (const text of texts) log.info(text);
        log.buffer((line) => mirrored.push(line));
        for (const text of texts) log.warn(text);
        log.writeBuffered();
        await log.flush();
        closeSync(fd);
        expectHarmless(readFileSync(file, 'utf8'));
        expectHarmless(mirrored.join('\n').replaceAll(/^\s*::/gm, ''));
      }),
      { numRuns: 30 },
    );
  });
});

import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatePlan } from '#src/app/gate/plan.ts';
import { LiveReport } from '#src/app/report/live-report.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import { decodeModel, type EncodedModel } from '#src/report/html/data/encode-model.ts';
import { PLAIN, recordsOf } from '../../report/html/html-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'live-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'run.jsonl');
const other = join(folder, 'other.jsonl');

const ASSETS = { script: '1', style: 'a{}', scriptHash: "'sha256-a'", styleHash: "'sha256-b'" };
const PLAN: GatePlan = {
  budgets: [{ budget: parseBudget('current<=120MiB', 'test'), optional: false }],
  evaluatedOn: 'worst',
  sampling: {},
  strictSampling: false,
  rules: {
    budgetExitCode: 3,
    budgetFirst: false,
    timeoutOk: false,
    failOnLeftover: false,
    strictHost: false,
  },
  reports: [],
  baseline: undefined,
  regression: undefined,
};
const lines = recordsOf(PLAIN).map((record) => `${JSON.stringify(record)}\n`);
const ended = lines.length - 1;

const opened: LiveReport[] = [];

async function open(files = [file], options = {}): Promise<LiveReport> {
  const report = await LiveReport.open(files, PLAN, options, ASSETS);
  opened.push(report);
  return report;
}

afterEach(async () => {
  for (const report of opened.splice(0)) await report.close();
});
const textOf = async (report: LiveReport) => (await report.render()).body.toString();

function modelOf(page: string) {
  const [, text = ''] = /id="model">([^<]*)</.exec(page) ?? [];
  return decodeModel(JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString()) as EncodedModel);
}

beforeEach(() => {
  writeFileSync(file, '');
  writeFileSync(other, '');
});

describe('LiveReport', () => {
  it('shows what was appended, and the same page if nothing was', async () => {
    const report = await open();
    expect(await textOf(report)).toContain('contains no runs yet');
    appendFileSync(file, lines.slice(0, 11).join(''));
    const first = await report.render();
    expect(modelOf(first.body.toString()).runs[0]).toMatchObject({ samples: 10, durationMs: 900 });
    expect(first.body.toString()).not.toContain('contains no runs yet');
    expect(await report.render()).toBe(first);
    appendFileSync(file, lines.slice(11, 20).join(''));
    const second = await report.render();
    expect(second.tag).not.toBe(first.tag);
    expect(modelOf(second.body.toString()).runs[0]?.samples).toBeGreaterThan(10);
    appendFileSync(file, lines.slice(20).join(''));
    const { runs } = modelOf(await textOf(report));
    expect(runs[0]).toMatchObject({ samples: 40, durationMs: 4000 });
    await report.close();
  });

  it('has the same verdict in the end as a report on the whole recording', async () => {
    writeFileSync(file, lines.join(''));
    const whole = await open();
    const expected = await textOf(whole);
    expect(expected).toContain('exit status 3');
    writeFileSync(file, '');
    const grown = await open();
    for (const line of lines) {
      appendFileSync(file, line);
      await grown.render();
    }
    const budgets = (page: string) => /<section id="budgets"[\s\S]*?<\/section>/.exec(page)?.[0];
    expect(budgets(await textOf(grown))).toBe(budgets(expected));
    await Promise.all([whole.close(), grown.close()]);
  });

  it('is a page that is read again, without the recordings', async () => {
    writeFileSync(file, lines.join(''));
    const page = await textOf(await open());
    expect(page).toContain('data-refresh="2000"');
    expect(page).toContain("connect-src 'self'");
    expect(page).toContain('<noscript><meta http-equiv="refresh" content="10"></noscript>');
    expect(page).not.toContain('class="recording"');
  });

  it('reads several files that grow at the same time, in their order', async () => {
    const report = await open([file, other]);
    appendFileSync(other, lines.slice(0, 5).join(''));
    await report.render();
    appendFileSync(file, lines.slice(0, 9).join(''));
    appendFileSync(other, lines.slice(5, 8).join(''));
    const { runs } = modelOf(await textOf(report));
    expect(runs.map(({ label, samples }) => [label, samples])).toEqual([
      [file, 8],
      [other, 7],
    ]);
    await report.close();
  });

  it('starts again with a file that was replaced, and notes that', async () => {
    writeFileSync(file, lines.join(''));
    writeFileSync(other, lines.slice(0, 5).join(''));
    const report = await open([file, other]);
    renameSync(file, `${file}.old`);
    expect(await textOf(report)).toContain('the file was removed or renamed');
    writeFileSync(file, lines.slice(0, 7).join(''));
    const page = await textOf(report);
    expect(page).toContain('read from its start');
    expect(modelOf(page).runs.map(({ samples }) => samples)).toEqual([6, 4]);
    await report.close();
  });

  it('hides names', async () => {
    writeFileSync(file, lines.slice(0, ended).join(''));
    const page = await textOf(await open([file], { names: false }));
    expect(['flows', 'worker', 'agent'].filter((name) => page.includes(name))).toEqual([]);
  });

  it('refuses a file that is missing, or is something else', async () => {
    await expect(open([join(folder, 'none')])).rejects.toThrow('no such file');
    writeFileSync(file, '{"a":1}\n');
    await expect(open()).rejects.toThrow('not a cmemstat recording');
  });
});

it('closes the files that were opened if one of them is refused', async () => {
  writeFileSync(file, lines.join(''));
  const before = readdirSync('/proc/self/fd').length;
  for (const refused of [join(folder, 'missing.jsonl'), folder]) {
    await expect(open([file, refused])).rejects.toThrow(refused);
  }
  writeFileSync(other, '{"type":"verdict"}\n');
  await expect(open([file, other])).rejects.toThrow(other);
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeAt, shownParts } from '#src/report/html/data/composition.ts';
import { decodeModel, encodeModel } from '#src/report/html/data/encode-model.ts';
import { renderPage } from '#src/report/html/render-page.ts';
import { bundlePage } from '../../../../build/bundle-page.mjs';
import { examples } from '../example-verdicts.ts';
import { hostileTexts, hostileVerdict } from '../hostile-verdicts.ts';
import { PLAIN, pageInput, pageRun, recordsOf, startRecord } from './html-runs.ts';

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const SOURCES = { script: 'console.log(1)', style: 'a{b:c}' };
const ASSETS = { ...SOURCES, scriptHash: hash(SOURCES.script), styleHash: hash(SOURCES.style) };

/** The elements of a page, without their texts. */
function elementsOf(page: string): string[] {
  return [...page.matchAll(/<(\/?[a-zA-Z][a-zA-Z0-9]*)/g)].map(([, name = '']) => name);
}

/** Only the elements that could run or load something. */
const activeIn = (page: string) =>
  elementsOf(page).filter((name) =>
    /^(script|img|iframe|object|embed|link|base|form|audio|video)$/i.test(name),
  );

describe('renderPage', () => {
  it('allows its own script and styles alone, by their hashes', () => {
    const page = renderPage(pageInput(), ASSETS);
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src ${hash(ASSETS.script)};`);
    expect(policy).toContain(`style-src ${hash(ASSETS.style)};`);
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text);
    const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, text = '']) => text);
    expect([scripts, styles]).toEqual([[ASSETS.script], [ASSETS.style]]);
    // Neither would be allowed by the hashes.
    expect(page).not.toMatch(/<[^>]*\s(style|on\w+)=/);
  });

  it('loads nothing from elsewhere', () => {
    const page = renderPage(pageInput(), ASSETS);
    expect(page).not.toMatch(/\s(src|href|action|data|poster|srcset)="(?!#)/);
  });

  it('has no element of any name that a recording contains', () => {
    const plain = activeIn(renderPage(pageInput(), ASSETS));
    expect(plain).toEqual(['script', 'script', 'script']);
    fc.assert(
      fc.property(hostileTexts, (texts) => {
        const [command = 'a', map = 'b', process = 'c', file = 'd', label = 'e'] = [
          ...texts,
          '</script><script>alert(1)</script>',
        ];
        const page = renderPage(pageInput(pageRun({ command, map, process, file, label })), ASSETS);
        expect(activeIn(page)).toEqual(plain);
        expect(page).not.toMatch(/<[^>]*\s(style|on\w+)=/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters on purpose
        expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u2028-\u202e]|\p{Cs}/u);
      }),
    );
  });

  it('has no element of any text in a verdict', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const page = renderPage({ ...pageInput(), runs: [], recordings: [], verdict }, ASSETS);
        expect(activeIn(page)).toEqual(['script', 'script']);
      }),
    );
  });

  it('escapes markup, quotes and the end of a script', () => {
    const evil = '</script><img src=x onerror=alert(1)>"\'&';
    const page = renderPage(
      pageInput(pageRun({ command: evil, map: evil, process: evil, file: evil, label: evil })),
      ASSETS,
    );
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
  });

  it('shows verdicts without runs', () => {
    for (const [name, verdict] of Object.entries(examples)) {
      const page = renderPage({ ...pageInput(), runs: [], recordings: [], verdict }, ASSETS);
      expect(page, name).toContain('</html>');
      expect(page.includes('id="budgets"'), name).toBe(verdict.budgets.length > 0);
      expect(page.includes('Against '), name).toBe(verdict.comparison !== undefined);
    }
  });

  it('says that a recording has no samples, and draws nothing', () => {
    const run = pageRun(PLAIN, [startRecord(PLAIN)]);
    const page = renderPage({ ...pageInput(run), notes: ['run.jsonl: contains no samples'] }, ASSETS);
    expect(page).toContain('contains no samples');
    expect(page).not.toContain('id="timeline"');
  });

  it('has charts, tables and figures without its script', () => {
    const page = renderPage(pageInput(), ASSETS);
    for (const heading of [
      'Summary',
      'Timeline',
      'Composition',
      'BPF maps',
      'Processes',
      'Memory pressure',
      'Host and method',
    ])
      expect(page).toContain(`>${heading}</h2>`);
    expect(page).toContain('class="chart"');
    expect(page).toContain('class="treemap"');
    expect(page).toContain('class="pie"');
    expect(page).toContain('peak 145 MiB');
    expect(page).toContain('25.0 %');
    expect(page).toContain('/var/lib/data');
    // Each drawing names the table that has its figures.
    for (const [drawing] of page.matchAll(/<svg class="(chart|treemap|pie)"[^>]*>/g))
      expect(drawing).toMatch(/table/);
  });

  it('is at most 150 kB without data', async () => {
    const page = renderPage({ ...pageInput(), runs: [], recordings: [] }, await bundlePage());
    expect(page.length).toBeLessThanOrEqual(150_000);
    expect(page.length).toBeGreaterThan(80_000);
  }, 60_000);
});

describe('the data of a page', () => {
  it('are what was collected', () => {
    const { model } = pageRun();
    const input = { runs: [model], trees: [], threshold: 0.01 };
    const text = JSON.stringify(encodeModel(input));
    const decoded = decodeModel(JSON.parse(text));
    const { 'bpf.in.slab': _, ...channels } = model.series.channels;
    const [run] = decoded.runs;
    expect(run?.maps).toEqual(model.maps);
    expect(run?.processes).toEqual(model.processes);
    expect([...(run?.series.toMs ?? [])]).toEqual([...model.series.toMs]);
    for (const id of Object.keys(run?.series.channels ?? {}))
      expect(run?.series.channels[id], id).toEqual(channels[id] ?? model.series.channels[id]);
    expect(run?.series.channels.current).toBeDefined();
  });

  it('is in the page, compressed', () => {
    const page = renderPage(pageInput(), ASSETS);
    const [, data = ''] = /id="model">([A-Za-z0-9+/=]*)</.exec(page) ?? [];
    expect(JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString()).runs).toHaveLength(1);
  });
});

describe('composeAt', () => {
  const { model } = pageRun();
  const sum = (parts: readonly { bytes: number }[] = []) =>
    parts.reduce((total, { bytes }) => total + bytes, 0);

  it('adds up to what is charged, at the peak and at any other time', () => {
    for (const ms of [0, 950, 2000, 3900]) {
      const whole = composeAt(model, 'kind', ms);
      expect(sum(whole?.parts), String(ms)).toBe(whole?.bytes);
      const kernel = whole?.parts?.find(({ name }) => name === 'kernel');
      expect(sum(kernel?.parts)).toBe(20 * 1024 ** 2);
    }
    expect(composeAt(model, 'kind', 2000)?.bytes).toBe(140 * 1024 ** 2);
  });

  it('descends to maps by name and to processes', () => {
    const kernel = composeAt(model, 'kind', 2000)?.parts?.find(({ name }) => name === 'kernel');
    expect(kernel?.parts?.find(({ name }) => name === 'BPF maps')?.parts?.map(({ name }) => name)).toEqual([
      'flows (1)',
      '(no name) (2)',
    ]);
    expect(composeAt(model, 'processes', 2000)?.parts?.[0]).toMatchObject({
      name: 'worker (100)',
      bytes: 30 * 1024 ** 2,
    });
    expect(composeAt(model, 'maps-owner', 2000)?.parts?.[0]?.name).toBe('worker');
    expect(composeAt(model, 'maps-type', 500)).toBeUndefined();
  });

  it('combines what is below the threshold, and nothing is lost', () => {
    const whole = {
      name: 'all',
      bytes: 100,
      parts: [60, 36, 2, 1, 1].map((bytes, index) => ({ name: String(index), bytes })),
    };
    const shown = shownParts(whole, 0.05);
    expect(shown.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['0', 60],
      ['1', 36],
      ['3 others', 4],
    ]);
    expect(shownParts(whole, 0)).toHaveLength(5);
  });
});

describe('an attachment', () => {
  const attached = { target: 'unit:web', cgroup: '/web', peakSince: 'creation' } as const;
  const [start = startRecord(PLAIN), ...rest] = recordsOf(PLAIN);
  const summaryOf = (changes: object) =>
    rest.map((record) => (record.type === 'summary' ? { ...record, ...changes } : record));

  it('has no peak from before it', () => {
    const records = [{ ...start, attached } as typeof start, ...summaryOf({ attached })];
    const run = pageRun(PLAIN, records);
    expect(run.model.peak).toMatchObject({ bytes: 140 * 1024 ** 2, source: 'highest reading' });
    expect(renderPage(pageInput(run), ASSETS)).toContain('memory.peak since the cgroup was made');
  });

  it('has no share of time for a counter that started again', () => {
    const records = rest.map((record) =>
      record.type === 'sample' && record.elapsedMs > 2000 && record.pressure !== undefined
        ? { ...record, pressure: { ...record.pressure, some: { ...zero, total: record.elapsedMs - 2000 } } }
        : record,
    );
    const page = renderPage(pageInput(pageRun(PLAIN, [start, ...records])), ASSETS);
    const [, table = ''] = /<caption>Memory pressure of.*?<tbody>(.*?)<\/tbody>/s.exec(page) ?? [];
    expect(table).toContain('2.0 %');
    expect(table).toMatch(/<td[^>]*>-<\/td>/);
  });
  const zero = { avg10: 0, avg60: 0, avg300: 0 };
});

it('lists two processes that had a pid one after the other', () => {
  const [start = startRecord(PLAIN)] = recordsOf(PLAIN);
  const row = (comm: string, rss: number) => ({ pid: 5, ppid: 1, comm, rss, threads: 1 });
  const { model } = pageRun(PLAIN, [
    start,
    { type: 'processes', elapsedMs: 1, processes: [row('large', 9000)] },
    { type: 'processes', elapsedMs: 2, processes: [], gone: [5] },
    { type: 'processes', elapsedMs: 3, processes: [row('small', 10)] },
  ]);
  expect(model.processes.entities).toMatchObject([
    { id: 5, name: 'large', max: 9000 },
    { id: 5, name: 'small', max: 10 },
  ]);
});

it('bounds a page of 10,000 maps, 5,000 processes and endless names', () => {
  const [start, ...rest] = recordsOf({ ...PLAIN, map: 'm'.repeat(100_000), process: 'p'.repeat(100_000) });
  const maps = Array.from({ length: 10_000 }, (_, index) => ({
    id: index + 10,
    type: 'hash',
    name: `map_${index}`,
    key_size: 4,
    value_size: 4,
    max_entries: 10,
    bytes: 4096 + index,
    source: 'memlock' as const,
    unchargedBytes: 0,
    map_flags: 0,
  }));
  const processes = Array.from({ length: 5_000 }, (_, index) => ({
    pid: index + 200,
    ppid: 1,
    comm: `p${index}`,
    rss: 4096 * index,
    threads: 1,
  }));
  if (start === undefined) throw new Error('no start');
  const run = pageRun(PLAIN, [
    start,
    { type: 'maps', elapsedMs: 1, maps },
    { type: 'processes', elapsedMs: 1, processes },
    ...rest,
  ]);
  const page = renderPage(pageInput(run), ASSETS);
  expect(page).toContain('smaller maps are not listed');
  expect(page).toContain('smaller processes are not listed');
  expect(page.length).toBeLessThan(1_500_000);
});

/** HTML reports in Debian's Chromium: drawn, silent, accessible, with and without scripts. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { PLAIN, recordsOf } from '../../unit/report/html/html-runs.ts';
import { cmemstat, needsProgram, scratch, testWith } from '../harness.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const SIZES = [
  { width: 1280, height: 900 },
  { width: 800, height: 900 },
  { width: 390, height: 800 },
];
const HOSTILE = '</script><img src=https://example.invalid/x onerror=alert(1)>';

let browser: Browser | undefined;
const recording = join(scratch, 'run.jsonl');
const other = join(scratch, 'other.jsonl');
const report = join(scratch, 'run.html');

beforeAll(async () => {
  const lines = (names: typeof PLAIN) =>
    `${recordsOf(names)
      .map((record) => JSON.stringify(record))
      .join('\n')}\n`;
  writeFileSync(recording, lines(PLAIN));
  writeFileSync(other, lines({ ...PLAIN, command: HOSTILE, map: HOSTILE, process: HOSTILE, file: HOSTILE }));
  if (existsSync(CHROMIUM))
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS.split(' ') });
});
afterAll(() => browser?.close());

/** Opens a report and calls `look`; fails on a message of the console and on a request. */
async function open(
  file: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  if (browser === undefined) throw new Error('no browser');
  const context = await browser.newContext(options);
  const noise: string[] = [];
  const page = await context.newPage();
  page.on('console', (message) => noise.push(message.text()));
  page.on('pageerror', (error) => noise.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== `file://${file}`) noise.push(request.url());
  });
  await page.goto(`file://${file}`);
  if (options.javaScriptEnabled !== false) await page.waitForSelector('html.active');
  await look(page);
  expect(noise).toEqual([]);
  await context.close();
}

async function write(files: readonly string[], to: string, ...options: string[]): Promise<void> {
  const { status, stderr } = await cmemstat('report', ...files, '--format', `html:${to}`, ...options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

describe('HTML reports', () => {
  testWith(
    [needsProgram('chromium')],
    'are drawn at any size, light and dark, with and without scripts',
    async () => {
      await write([recording], report);
      for (const viewport of SIZES) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await open(report, { viewport, colorScheme }, async (page) => {
            expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
              viewport.width,
            );
            expect(await page.locator('#timeline-view canvas').count()).toBe(1);
            expect(await page.locator('#timeline-static').isVisible()).toBe(false);
            const picture = await page.screenshot({ fullPage: true });
            expect(picture.length).toBeGreaterThan(20_000);
            keep(picture, `${viewport.width}-${colorScheme}.png`);
          });
        }
      }
      await open(
        report,
        { javaScriptEnabled: false, viewport: { width: 800, height: 900 } },
        async (page) => {
          expect(await page.locator('svg.chart').first().isVisible()).toBe(true);
          expect(await page.locator('svg.treemap').first().isVisible()).toBe(true);
          keep(await page.screenshot({ fullPage: true }), 'no-scripts.png');
        },
      );
    },
  );

  testWith([needsProgram('chromium')], 'react to keys and clicks', async () => {
    await open(report, { viewport: { width: 1280, height: 900 } }, async (page) => {
      const legend = page.locator('#timeline-view .legend button', { hasText: 'anon' });
      expect(await legend.textContent()).toContain('max. 100 MiB');
      await legend.click();
      expect(await page.locator('#timeline-view .legend button[aria-pressed=false]').count()).toBe(1);
      await page.locator('#timeline-view select').last().selectOption('stacked');
      await page.locator('.plot').focus();
      for (const key of ['+', 'ArrowRight', 'Enter', '0']) await page.keyboard.press(key);
      expect(await page.locator('.moment').textContent()).not.toContain('the peak');
      await page.locator('#timeline-view .u-over').hover();
      expect(await page.locator('.readout').textContent()).toMatch(/\d\.\d+ s/);
      await page.locator('#composition-view button', { hasText: 'Peak' }).click();
      expect(await page.locator('.moment').textContent()).toContain('the peak');
      await page.locator('button.descend', { hasText: 'kernel' }).click();
      await page
        .locator('#composition-view svg.treemap g[data-part]', { hasText: 'flows (1)' })
        .first()
        .click();
      expect(await page.locator('#composition-view table').textContent()).toContain('flows (1)');
      await page.locator('#composition-view select').selectOption({ label: 'By name at the peak' });
      expect(await page.locator('#composition-view table').textContent()).toContain('/var/lib/data');
    });
  });

  testWith([needsProgram('chromium')], 'are accessible and print', async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const both = join(scratch, 'both.html');
    await write([recording, other], both);
    for (const colorScheme of ['light', 'dark'] as const) {
      // The policy forbids the script of axe as well.
      await open(both, { colorScheme, bypassCSP: true }, async (page) => {
        await page.addScriptTag({ content: axe });
        await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = true; })');
        const found = (await page.evaluate('axe.run().then((result) => result.violations)')) as {
          id: string;
          nodes: { html: string }[];
        }[];
        expect(found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      });
    }
    await open(both, {}, async (page) => {
      await page.emulateMedia({ media: 'print' });
      expect(await page.locator('#timeline-static').isVisible()).toBe(true);
      expect(await page.locator('#timeline-view').isVisible()).toBe(false);
    });
  });

  testWith([needsProgram('chromium')], 'show hostile names as text', async () => {
    const hostile = join(scratch, 'hostile.html');
    await write([other], hostile);
    await open(hostile, {}, async (page) => {
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('#processes').textContent()).toContain(HOSTILE);
    });
    const hidden = join(scratch, 'hidden.html');
    await write([recording], hidden, '--no-names');
    const shown = readFileSync(hidden, 'utf8').replace(/<script[\s\S]*/, '');
    expect(['flows', 'worker', '/var/lib/data', 'agent'].filter((name) => shown.includes(name))).toEqual([]);
  });

  testWith([], 'contain the recording of a run', async () => {
    const file = join(scratch, 'live.html');
    const { status } = await cmemstat(
      '-q',
      '--no-summary',
      '-i',
      '20ms',
      '--report',
      `html:${file}`,
      '--',
      'sleep',
      '0.3',
    );
    expect(status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('class="recording"');
    const bare = join(scratch, 'bare.html');
    await write([recording], bare, '--no-embed');
    expect(readFileSync(bare, 'utf8')).not.toContain('class="recording"');
    const { stderr } = await cmemstat('replay', bare);
    expect(stderr).toContain('contains no recording');
    expect(statSync(file).size).toBeLessThan(400_000);
  });
});

/** Keeps a picture to look at, if a folder is named. */
function keep(picture: Buffer, name: string): void {
  const folder = process.env.CMEMSTAT_SCREENSHOTS;
  if (folder !== undefined) writeFileSync(join(folder, name), picture);
}

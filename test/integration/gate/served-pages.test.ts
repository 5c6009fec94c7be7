/** Pages that `--serve` shows in Debian's Chromium: they grow, stay silent, and are accessible. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { PLAIN, recordsOf } from '../../unit/report/html/html-runs.ts';
import {
  agent,
  BINARY,
  cmemstat,
  needs,
  needsProgram,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';

const CHROMIUM = '/usr/bin/chromium';
const ARGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const recording = join(scratch, 'growing.jsonl');
const records = recordsOf(PLAIN);
const text = (some: typeof records) => some.map((record) => `${JSON.stringify(record)}\n`).join('');
const event = records.filter(({ type }) => type === 'event');
const rest = records.filter(({ type }) => type !== 'event');

let browser: Browser | undefined;
beforeAll(async () => {
  if (existsSync(CHROMIUM))
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS.split(' ') });
});
afterAll(() => browser?.close());

/** Serves, passes the URL to `look`, and ends the server with SIGINT. */
async function serve(args: readonly string[], look: (url: string) => Promise<void>): Promise<void> {
  const server = start(process.execPath, [BINARY, ...args], { input: '' });
  const url = await new Promise<string>((settle, fail) => {
    let text = '';
    server.child.stderr?.on('data', (piece: Buffer) => {
      text += piece.toString();
      const [, found] = /^cmemstat: (http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/) /m.exec(text) ?? [];
      if (found !== undefined) settle(found);
    });
    server.child.once('exit', () => fail(new Error(`ended: ${text}`)));
  });
  try {
    await look(url);
  } finally {
    server.child.kill('SIGINT');
  }
  const { status, stdout } = await server.ended;
  expect([status, stdout]).toEqual([0, '']);
}

async function open(
  url: string,
  javaScriptEnabled: boolean,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser?.newContext({ javaScriptEnabled, bypassCSP: false });
  const page = await context?.newPage();
  if (context === undefined || page === undefined) throw new Error('no browser');
  const noise: string[] = [];
  page.on('console', (message) => noise.push(message.text()));
  page.on('pageerror', (error) => noise.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== url) noise.push(request.url());
  });
  await page.goto(url);
  await look(page);
  expect(noise).toEqual([]);
  await context.close();
}

describe('served pages', () => {
  testWith([needsProgram('chromium')], 'follow a recording that grows', async () => {
    writeFileSync(recording, text([...rest.slice(0, 11), ...event]));
    await serve(['report', '--serve', recording], async (url) => {
      await open(url, true, async (page) => {
        await page.waitForSelector('html.active');
        const samples = page.locator('#summary .tiles', { hasText: 'samples' });
        expect(await samples.textContent()).toContain('samples10');
        await page.locator('#timeline-view .legend button', { hasText: 'anon' }).click();
        await page.locator('#timeline summary', { hasText: 'Events' }).click();
        appendFileSync(recording, text(rest.slice(11)));
        await page.locator('#summary .tiles', { hasText: 'samples40' }).waitFor();
        expect(await page.locator('#live-view output').textContent()).toContain('as of ');
        // What was chosen is still chosen, and the timeline shows all of it.
        expect(
          await page.locator('#timeline-view .legend button[aria-pressed=false]').textContent(),
        ).toContain('anon');
        expect(await page.locator('#timeline details[open]').count()).toBe(1);
        expect(await page.locator('#composition-view .moment').textContent()).toContain('at 4.0s');
        expect(await page.locator('#timeline-view canvas').count()).toBe(1);
        const pause = page.locator('#live-view button');
        await pause.click();
        expect(await pause.getAttribute('aria-pressed')).toBe('true');
        keep(await page.screenshot({ fullPage: true }), 'served-report.png');
      });
      await open(url, false, async (page) => {
        expect(await page.locator('noscript meta[http-equiv=refresh]').count()).toBe(1);
        expect(await page.locator('svg.chart').first().isVisible()).toBe(true);
      });
      await checkAxe(url);
    });
  });

  testWith(
    [needs.root, needs.attribution, needsProgram('chromium')],
    'show the maps of this host',
    async () => {
      const [command = '', ...words] = agent(20);
      const target = start(command, words, { input: '' });
      await target.until(/./);
      await serve(['maps', '--serve', '0', '--watch', '200ms'], async (url) => {
        await open(url, true, async (page) => {
          await page.waitForSelector('html.active');
          const time = page.locator('#summary tr', { hasText: 'Time' }).locator('td');
          const first = await time.textContent();
          await expect.poll(() => time.textContent()).not.toBe(first);
          expect(
            await page.locator('#composition-view select').first().locator('option').allTextContents(),
          ).toEqual(['BPF maps by name', 'BPF maps by type', 'BPF maps by owner']);
          keep(await page.screenshot({ fullPage: true }), 'served-maps.png');
        });
        const { port } = new URL(url);
        const second = await cmemstat('maps', '--serve', port);
        expect(second.stderr).toBe(
          `cmemstat: --serve 127.0.0.1:${port}: the port is in use (hint: use another port, or 0 for any free one)\n`,
        );
        expect(second.status).toBe(125);
      });
    },
  );

  testWithoutKernel([], 'are for this host only', async () => {
    const { status, stderr } = await cmemstat('report', '--serve', '0.0.0.0:0', recording);
    expect(stderr).toContain('the page is for this host only');
    expect(status).toBe(125);
  });
});

async function checkAxe(url: string): Promise<void> {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser?.newContext({ colorScheme, bypassCSP: true });
    const page = await context?.newPage();
    await page?.goto(url);
    await page?.waitForSelector('html.active');
    await page?.addScriptTag({ content: axe });
    const found = (await page?.evaluate('axe.run().then((result) => result.violations)')) as { id: string }[];
    expect(found.map(({ id }) => id)).toEqual([]);
    await context?.close();
  }
}

/** Keeps a picture to look at, if a folder is named. */
function keep(picture: Buffer, name: string): void {
  const folder = process.env.CMEMSTAT_SCREENSHOTS;
  if (folder !== undefined) writeFileSync(join(folder, name), picture);
}

/**
 * `npm run picture`: takes the pictures of docs/images of a report on a run of the example agent. Needs root,
 * the build and Debian's Chromium.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ROOT = join(import.meta.dirname, '..');
const IMAGES = join(ROOT, 'docs/images');
const VIEWPORT = { width: 1080, height: 1130 };
const MAX_BYTES = 150_000;

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-picture-'));
try {
  const recording = join(folder, 'run.jsonl');
  const report = join(folder, 'run.html');
  const agent = ['./agent.mjs', '--duration', '20'];
  cmemstat(
    '-q',
    '-i',
    '100ms',
    '--explain',
    'peak',
    '--budget',
    'current<=192MiB',
    '--output',
    recording,
    '--',
    ...agent,
  );
  cmemstat('report', recording, '--format', `html:${report}`);
  mkdirSync(IMAGES, { recursive: true });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme });
    await page.goto(`file://${report}`);
    await page.waitForSelector('html.active');
    await page.locator('#timeline').scrollIntoViewIfNeeded();
    await page.evaluate('document.querySelector("#timeline").scrollIntoView()');
    const picture = await page.screenshot();
    if (picture.length > MAX_BYTES) throw new Error(`the ${colorScheme} picture has ${picture.length} bytes`);
    writeFileSync(join(IMAGES, `report-${colorScheme}.png`), picture);
  }
  await browser.close();
} finally {
  rmSync(folder, { recursive: true });
}

function cmemstat(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/cmemstat.js'), ...args], {
    cwd: join(ROOT, 'examples'),
    encoding: 'utf8',
  });
  // A budget may be exceeded.
  if (status !== 0 && status !== 3) throw new Error(stderr);
}

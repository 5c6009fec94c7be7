import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { writeHour, writeSamples } from './tools/recordings.ts';
import { type Finding, median } from './tools/report.ts';
import { runTimed } from './tools/run-timed.ts';

const RUNS = 5;
const MIB = 1024 * 1024;
const CHROMIUM = '/usr/bin/chromium';

/** HTML reports: their size, how fast a browser draws them, and what a long recording takes. */
export async function measureHtml(): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bench-html-'));
  try {
    const [hour, long, short] = [join(folder, 'hour'), join(folder, 'long'), join(folder, 'short')] as const;
    writeHour(hour, 200);
    writeSamples(long, 1_000_000);
    writeSamples(short, 1);
    const page = join(folder, 'page.html');
    const sizeOf = (file: string, ...more: string[]) => {
      runTimed('report', file, '--format', `html:${page}`, ...more);
      return statSync(page).size;
    };
    const empty = sizeOf(short);
    const bare = sizeOf(hour, '--no-embed');
    const whole = sizeOf(hour);
    const drawn = await drawTimes(page);
    const runs = Array.from({ length: RUNS }, () => runTimed('report', long, '--format', `html:${page}`));
    return [
      finding('page of one sample', empty / 1000, 'kB', 150, 'the script, the styles and the tables'),
      finding(
        'page of 1 h at 100 ms, 200 maps',
        whole / 1e6,
        'MB',
        1.5,
        `without the recording ${(bare / 1e6).toFixed(2)} MB`,
      ),
      finding(
        'drawn in Chromium',
        median(drawn),
        's',
        1,
        `medians of ${RUNS}: CPU time of the page until its charts are drawn`,
      ),
      finding(
        'report on 1,000,000 samples',
        median(runs.map(({ ms }) => ms)) / 1000,
        's',
        3,
        `medians of ${RUNS}, start-up included`,
      ),
      finding(
        'the most memory that it held',
        Math.max(...runs.map(({ peakBytes }) => peakBytes)) / MIB,
        'MiB',
        150,
        'VmHWM',
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function finding(name: string, value: number, unit: string, atMost: number, detail: string): Finding {
  return { name, value, unit, atMost, detail };
}

/**
 * The CPU time of the page's thread from the navigation until the frame after the charts were drawn: unlike
 * the time by the clock, it does not depend on how busy the machine is. Unit: seconds.
 */
async function drawTimes(page: string): Promise<number[]> {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  try {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const tab = await browser.newPage();
      const session = await tab.context().newCDPSession(tab);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      await tab.goto(`file://${page}`, { waitUntil: 'commit' });
      await tab.waitForSelector('html.active #timeline-view canvas');
      await tab.evaluate('new Promise((settle) => requestAnimationFrame(() => setTimeout(settle)))');
      const { metrics } = await session.send('Performance.getMetrics');
      times.push(metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
      await tab.close();
    }
    return times;
  } finally {
    await browser.close();
  }
}

/** The costs of `cmemstat exporter` on a large node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { BINARY } from '../paths.ts';
import { withCgroups } from './tools/many-cgroups.ts';
import { withMaps } from './tools/many-maps.ts';
import { cpuNanoseconds, residentBytes } from './tools/process-costs.ts';
import { type Finding, median } from './tools/report.ts';

const CGROUPS = 2_000;
const MAPS = 10_000;
const NAMES = 300;
const MIB = 1024 * 1024;

/** Names, advice and holders are read with the first scrapes, and code that V8 has not compiled yet. */
const WARM_UP = 8;
const SCRAPES = 20;
/** A reading is shared for a second. */
const BETWEEN_MS = 1_100;
const IDLE_MS = 30_000;

/** CPU time of a scrape and between scrapes, memory, and the size of a document. */
export async function measureExporter(): Promise<Finding[]> {
  const bpf = await openBpf();
  // Names of LXC are those of their cgroups: the others would have to be requested from runtimes.
  const nameOf = (slice: number, at: number) =>
    at % 2 === 0 ? `lxc.payload.container-${slice}-${at}` : `service-${slice}-${at}.service`;
  const measure = async () => [
    ...(await measureScrapes('at the default limit', [], 150)),
    ...(await measureScrapes('all series', ['--max-series', '1000000'], undefined)),
  ];
  return withCgroups(CGROUPS, nameOf, () => withMaps(bpf, MAPS, measure, NAMES));
}

async function measureScrapes(
  what: string,
  options: readonly string[],
  atMost: number | undefined,
): Promise<Finding[]> {
  const words = [BINARY, 'exporter', '--listen', '127.0.0.1:0', ...options];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((settle) => child.once('close', settle));
  try {
    const url = await urlOf(child);
    const pid = child.pid ?? 0;
    const scrape = async () => {
      const headers = { accept: 'application/openmetrics-text; version=1.0.0', 'accept-encoding': 'gzip' };
      const text = await (await fetch(url, { headers })).text();
      await sleep(BETWEEN_MS);
      return text;
    };
    for (let count = 0; count < WARM_UP; count += 1) await scrape();
    const times: number[] = [];
    let text = '';
    for (let count = 0; count < SCRAPES; count += 1) {
      const before = cpuNanoseconds(pid);
      text = await scrape();
      times.push((cpuNanoseconds(pid) - before) / 1e6);
    }
    const before = cpuNanoseconds(pid);
    await sleep(IDLE_MS);
    const idle = ((cpuNanoseconds(pid) - before) / 1e6 / IDLE_MS) * 100;
    const host = `${CGROUPS.toLocaleString('en')} cgroups and ${MAPS.toLocaleString('en')} maps, ${what}`;
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    const size = `${series} series, ${(text.length / 1024).toFixed(0)} KiB`;
    const limited = atMost !== undefined;
    return [
      {
        name: `one scrape of cmemstat exporter, ${host}`,
        value: median(times),
        unit: 'ms',
        atMost,
        detail: `CPU time, ${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)} over ${SCRAPES}; ${size}`,
      },
      {
        name: `CPU time of cmemstat exporter between scrapes, ${what}`,
        value: idle,
        unit: '% of a core',
        atMost: limited ? 0.1 : undefined,
        detail: `over ${IDLE_MS / 1000} s`,
      },
      {
        name: `resident memory of cmemstat exporter, ${host}`,
        value: residentBytes(pid, 'VmHWM') / MIB,
        unit: 'MiB',
        atMost: limited ? 90 : undefined,
        detail: `its maximum; ${(residentBytes(pid, 'VmRSS') / MIB).toFixed(1)} at the end`,
      },
    ];
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((settle, fail) => {
    let text = '';
    child.once('close', (status) => fail(new Error(`the exporter ended with ${status}: ${text}`)));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const url = /http:\S+/.exec(text)?.[0];
      if (url !== undefined) settle(url);
    });
  });
}

/** The costs of `cmemstat top` and `cmemstat attach`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { BINARY } from '../paths.ts';
import { withCgroups } from './tools/many-cgroups.ts';
import { withMaps } from './tools/many-maps.ts';
import { cpuNanoseconds } from './tools/process-costs.ts';
import { type Finding, median } from './tools/report.ts';

const CGROUPS = 2_000;
const MAPS = 10_000;

/** Start-up is not part of a refresh, nor is code that V8 has not compiled yet. */
const WARM_UP = 10;
const REFRESHES = 20;
const ROUNDS = 3;

const SETTLE_MS = 12_000;
const WINDOW_MS = 15_000;

/** The CPU time of a refresh, and of an attachment. */
export async function measureTop(): Promise<Finding[]> {
  const bpf = await openBpf();
  const refreshes = await withCgroups(
    CGROUPS,
    (_, at) => `service${at}.service`,
    () => withMaps(bpf, MAPS, measureRefreshes),
  );
  return [...refreshes, await measureAttachment()];
}

async function measureRefreshes(): Promise<Finding[]> {
  const cmemstat = [process.execPath, BINARY, 'top'];
  const commands = {
    table: { words: [...cmemstat, '--interval', '500ms', '--top', '40'], mark: /^ *current /gm },
    json: { words: [...cmemstat, '--interval', '500ms', '--json'], mark: /^\{/gm },
    cgtop: {
      words: ['systemd-cgtop', '--batch', '--iterations=1000', '--delay=500ms', '--depth=9'],
      mark: /^\/ /gm,
    },
  };
  const times: Record<keyof typeof commands, number[]> = { table: [], json: [], cgtop: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of Object.keys(commands) as (keyof typeof commands)[]) {
      times[name].push(await refreshMs(commands[name]));
    }
  }
  const cgtop = `systemd-cgtop took ${median(times.cgtop).toFixed(1)} ms in the same run`;
  const host = `${CGROUPS.toLocaleString('en')} cgroups and ${MAPS.toLocaleString('en')} maps`;
  return (['table', 'json'] as const).map((name) => ({
    name: `one refresh of cmemstat top, ${name === 'json' ? 'all cgroups as JSON' : 'the largest 40'}, ${host}`,
    value: median(times[name]),
    unit: 'ms',
    atMost: name === 'json' ? undefined : 150,
    detail: `CPU time; ${times[name].map((ms) => ms.toFixed(1)).join(', ')} over ${REFRESHES} each; ${cgtop}`,
  }));
}

/** The CPU time of one refresh, after some that are not measured. Unit: milliseconds. */
async function refreshMs({ words, mark }: { words: readonly string[]; mark: RegExp }): Promise<number> {
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((settle) => child.once('close', settle));
  const pid = child.pid ?? 0;
  let refreshes = 0;
  let from = Number.NaN;
  const ms = await new Promise<number>((settle, fail) => {
    child.once('close', (status) => fail(new Error(`${words.join(' ')} ended with ${status}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const before = refreshes;
      refreshes += text.match(mark)?.length ?? 0;
      if (before < WARM_UP && refreshes >= WARM_UP) from = cpuNanoseconds(pid);
      if (before < WARM_UP + REFRESHES && refreshes >= WARM_UP + REFRESHES) {
        settle((cpuNanoseconds(pid) - from) / 1e6 / REFRESHES);
      }
    });
  });
  child.kill('SIGTERM');
  await ended;
  return ms;
}

/** A run, and an attachment to its cgroup at the same time. */
async function measureAttachment(): Promise<Finding> {
  const shares: { run: number; attachment: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const seconds = String((SETTLE_MS + WINDOW_MS) / 1000 + 10);
    const measuring = (...words: string[]) =>
      spawn(process.execPath, [BINARY, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    const run = measuring('--json', '--interval', '500ms', '--', 'sleep', seconds);
    const attachment = measuring('attach', '--json', '--interval', '500ms', await leafOf(run));
    attachment.stdout?.resume();
    await sleep(SETTLE_MS);
    const both = () => [run, attachment].map(({ pid = 0 }) => cpuNanoseconds(pid));
    const [runFrom = 0, attachmentFrom = 0] = both();
    await sleep(WINDOW_MS);
    const [runTo = 0, attachmentTo = 0] = both();
    shares.push({ run: runTo - runFrom, attachment: attachmentTo - attachmentFrom });
    const ended = [run, attachment].map((child) => new Promise((settle) => child.once('close', settle)));
    attachment.kill('SIGTERM');
    run.kill('SIGTERM');
    await Promise.all(ended);
  }
  const percent = (nanoseconds: number) => ((nanoseconds / 1e6 / WINDOW_MS) * 100).toFixed(2);
  return {
    name: 'CPU time of attach at --interval 500ms, against a run',
    value: median(shares.map(({ run, attachment }) => attachment / run)),
    unit: 'times',
    atMost: 1.25,
    detail: shares
      .map(({ run, attachment }) => `${percent(attachment)} % against ${percent(run)} %`)
      .join(', '),
  };
}

/** The cgroup of a run, from its first line; the rest of its output is dropped. */
function leafOf(run: ChildProcess): Promise<string> {
  return new Promise((settle, fail) => {
    let text = '';
    run.once('close', () => fail(new Error(`no run: ${text}`)));
    run.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text = text.includes('\n') ? text : text + chunk;
      const [first, rest] = text.split('\n');
      if (rest !== undefined) settle((JSON.parse(first ?? '') as { leaf: string }).leaf);
    });
  });
}

/** Outputs on a file system that gets full. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { checkEnd, checkLeft, endOf } from './check-run.ts';
import type { FuzzHost } from './fuzz-host.ts';
import type { ProcessTarget } from './process-target.ts';
import { describeEnd } from './signals-target.ts';
import { awaitEnd, startRun } from './start-run.ts';

const SIZE_KIB = 256;

const OUTPUTS: readonly ((file: string) => string[])[] = [
  (file) => ['--output', file],
  (file) => ['--summary-json', file],
  (file) => ['--budget', 'anon>=0', '--report', `junit:${file}`],
  (file) => ['--budget', 'anon>=0', '--report', `json:${file}`],
  (file) => ['--save-baseline', file],
];

const diskOf = (host: FuzzHost) => join(host.folder, 'disk');

export const FULL_DISK_TARGET: ProcessTarget = {
  name: 'full-disk',
  about: 'recordings, summaries, reports and baselines on a small tmpfs that gets full',
  setUp(host) {
    const disk = diskOf(host);
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_KIB}k`, 'tmpfs', disk]);
    if (mounted.status !== 0) throw new Error(`cannot mount a tmpfs: ${mounted.stderr}`);
    return () => void spawnSync('umount', [disk]);
  },
  async runOnce(host, random) {
    const disk = diskOf(host);
    const [file, filler] = [join(disk, 'output'), join(disk, 'filler')];
    rmSync(file, { force: true });
    fill(filler, random.pick([0, 0, 1, 2, 4, 8, 16, 40]) * 4096);
    const makeOptions = random.pick(OUTPUTS);
    const options = [...makeOptions(file), '--interval', random.pick(['5ms', '50ms'])];
    const run = await startRun(host, { mode: 'table', target: ['sh', '-c', 'sleep 0.2; true'], options });
    const end = await awaitEnd(run);
    const left = await checkLeft(host, run);
    const [option = ''] = makeOptions('');
    if (end === undefined) return { kind: 'no end', faults: [`${option}: no end`, ...left] };
    const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const faults = [...checkEnd(end), ...left];
    // What is incomplete must not look complete.
    if (end.status === 0 && (text === undefined || !isComplete(text)))
      faults.push(`status 0 without its output: ${endOf(text ?? '')}`);
    if (end.status !== 0 && end.status !== 125) faults.push(`${describeEnd(end)}: ${endOf(end.output)}`);
    if (option === '--output' && text !== undefined && !areLines(text))
      faults.push(`a part of a line: ${endOf(text)}`);
    return { kind: `${option}: ${describeEnd(end)}`, faults: faults.map((fault) => `${option}: ${fault}`) };
  },
};

/** Leaves this much free. Unit: bytes. */
function fill(file: string, free: number): void {
  rmSync(file, { force: true });
  const fd = openSync(file, 'w');
  try {
    const page = Buffer.alloc(4096);
    for (let pages = 0; pages < SIZE_KIB / 4; pages += 1) writeFileSync(fd, page);
  } catch {
    // It is full now.
  } finally {
    closeSync(fd);
  }
  const again = openSync(file, 'r+');
  ftruncateSync(again, Math.max(0, readFileSync(file).length - free));
  closeSync(again);
}

function isComplete(text: string): boolean {
  if (text.startsWith('<?xml')) return /<\/testsuites?>\n$/.test(text);
  if (!text.endsWith('\n')) return false;
  return (
    isJson(text) ||
    (areLines(text) && text.trimEnd().split('\n').at(-1)?.startsWith('{"type":"summary"') === true)
  );
}

function areLines(text: string): boolean {
  return text === '' || (text.endsWith('\n') && text.trimEnd().split('\n').every(isJson));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

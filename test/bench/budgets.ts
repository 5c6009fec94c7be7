import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Finding, median } from './report.ts';
import { runBundled } from './run-bundled.ts';

const BINARY = resolve(import.meta.dirname, '../../bin/cmemstat.js');
const SAMPLES = 1_000_000;
const RUNS = 5;
const MIB = 1024 * 1024;

/** The cost of evaluation: of samples in memory, and of a recording from its file. */
export async function measureBudgets(): Promise<Finding[]> {
  return [...measureEvaluation(), ...measureCheck()];
}

function measureEvaluation(): Finding[] {
  const withNone: number[] = [];
  const withTen: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    withNone.push(evaluateInTurn(0));
    withTen.push(evaluateInTurn(10));
  }
  const beyondUs = ((median(withTen) - median(withNone)) * 1000) / SAMPLES;
  return [
    {
      name: 'ten budgets, for each sample',
      value: beyondUs,
      unit: 'µs',
      atMost: 1,
      detail: `1,000,000 samples: ${median(withTen).toFixed(0)} ms with ten, ${median(withNone).toFixed(0)} ms with none, medians of ${RUNS} in turn; taking and writing a sample takes some 200 µs`,
    },
  ];
}

/** Unit: milliseconds. */
function evaluateInTurn(budgets: number): number {
  const printed = runBundled('evaluate-samples.ts', [String(SAMPLES), String(budgets)]);
  return (JSON.parse(printed) as { evaluationMs: number }).evaluationMs;
}

/** `cmemstat budget check` on a file with 1,000,000 samples, start-up included. */
function measureCheck(): Finding[] {
  const folder = mkdtempSync(join(tmpdir(), 'cmemstat-bench-check-'));
  try {
    const file = join(folder, 'run.jsonl');
    writeRecording(file);
    const times: number[] = [];
    const peaks: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const from = performance.now();
      const args = ['budget', 'check', '--budget', 'anon<=1GiB', '--budget', 'current.p99<=1GiB', file];
      const { stdout, stderr, status } = spawnSync(
        'sh',
        ['-c', TIMED, 'sh', process.execPath, BINARY, ...args],
        {
          encoding: 'utf8',
        },
      );
      if (status !== 0) throw new Error(stderr);
      times.push(performance.now() - from);
      peaks.push(Number(/^VmHWM:\s+(\d+) kB$/m.exec(stdout)?.[1]) * 1024);
    }
    return [
      {
        name: 'cmemstat budget check, 1,000,000 samples in a file',
        value: median(times) / 1000,
        unit: 's',
        atMost: 2,
        detail: `medians of ${RUNS}, start-up included`,
      },
      {
        name: 'the most memory that it held',
        value: Math.max(...peaks) / MIB,
        unit: 'MiB',
        atMost: 150,
        detail: `VmHWM, the largest of ${RUNS}`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The high-water mark of a program that exits by itself has to be read at its exit: a hook prints it. */
const TIMED = `NODE_OPTIONS="--require ${resolve(import.meta.dirname, 'print-peak.cjs')}" exec "$@"`;

function writeRecording(file: string): void {
  const fd = openSync(file, 'w');
  const line = (record: object) => `${JSON.stringify(record)}\n`;
  const host = {
    kernel: '6.12',
    arch: 'x64',
    cpus: 2,
    possibleCpus: 2,
    pageSizeBytes: 4096,
    memTotalBytes: 1,
  };
  const common = { version: 2, cmemstat: '0.1.0', time: '2026-01-01T00:00:00.000Z', command: ['agent'] };
  const place = { mode: 'cgroup2', placement: { kind: 'top', reason: 'bench' } };
  writeSync(fd, line({ type: 'start', ...common, ...place, pid: 1, intervalMs: 10, host }));
  let chunk = '';
  for (let index = 0; index < SAMPLES; index += 1) {
    const anon = 50_000_000 + ((index * 7919) % 1000) * 4096;
    const stat = { anon, file: 8192, kernel: 4096, slab: 4096, inactive_file: 4096 };
    chunk += line({ type: 'sample', elapsedMs: index * 10, reason: 'tick', current: anon + 12_288, stat });
    if (index % 1000 === 999) {
      writeSync(fd, chunk);
      chunk = '';
    }
  }
  closeSync(fd);
}

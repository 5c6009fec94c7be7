import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSamples } from './tools/recordings.ts';
import { type Finding, median } from './tools/report.ts';
import { runBundled } from './tools/run-bundled.ts';
import { runTimed } from './tools/run-timed.ts';

const SAMPLES = 1_000_000;
const RUNS = 5;
const BUDGETS = ['--budget', 'anon<=1GiB', '--budget', 'current.p99<=1GiB'];
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
    writeSamples(file, SAMPLES);
    const times: number[] = [];
    const peaks: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const { ms, peakBytes } = runTimed('budget', 'check', ...BUDGETS, file);
      times.push(ms);
      peaks.push(peakBytes);
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

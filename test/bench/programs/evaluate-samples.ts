/**
 * Evaluates samples in a separate process: `evaluate-samples.ts SAMPLES BUDGETS`; prints ms and the maximum
 * RSS.
 */
import { rmSync } from 'node:fs';
import { BudgetEvaluator } from '#src/budget/evaluation/evaluator.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import type { Sample } from '#src/model/sample.ts';
import { residentBytes } from '../tools/process-costs.ts';

const BUDGETS = [
  'anon<=1GiB',
  'anon.p99<=1GiB',
  'anon.growth<=1GiB',
  'current.avg<=1GiB',
  'kernel.median<=1GiB',
  'workingset<=1GiB',
  'processes<=100',
  'file.last<=1GiB',
  'slab.min>=0',
  'oom_kill==0',
];

const STAT_KEYS = 65;

const [samples = 0, count = 0] = process.argv.slice(2).map(Number);

const budgets = BUDGETS.slice(0, count).map((text) => ({ budget: parseBudget(text), optional: false }));
const evaluator = new BudgetEvaluator(budgets);
const stat: Record<string, number> = { anon: 0, file: 8192, inactive_file: 4096, slab: 4096 };
for (let key = 0; key < STAT_KEYS; key += 1) stat[`key_${key}`] = key;
let evaluationMs = 0;
const CHUNK = 1000;
for (let first = 0; first < samples; first += CHUNK) {
  const chunk: Sample[] = [];
  for (let index = first; index < first + CHUNK; index += 1) {
    const reason = index === samples - 1 ? 'final' : 'tick';
    const anon = 50_000_000 + ((index * 7919) % 1000) * 4096;
    chunk.push({
      type: 'sample',
      elapsedMs: index * 10,
      reason,
      current: anon + 8192,
      workingset: anon + 4096,
      kernel: 1_000_000 + (index % 50),
      stat: { ...stat, anon },
      events: { oom_kill: 0 },
      processes: 3 + (index % 4),
    });
  }
  const from = performance.now();
  for (const sample of chunk) evaluator.observe(sample);
  evaluationMs += performance.now() - from;
}
const from = performance.now();
const results = evaluator.finish();
evaluationMs += performance.now() - from;
if (results.length !== count || results.some(({ value }) => value === undefined))
  throw new Error('not measured');
console.log(JSON.stringify({ evaluationMs, peakBytes: residentBytes('self', 'VmHWM') }));
rmSync(process.argv[1] ?? '', { force: true });

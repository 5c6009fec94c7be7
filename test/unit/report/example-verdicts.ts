/** Verdicts of evaluations, one for each case that a report must distinguish. */
import type { Comparison, MetricDifference } from '#src/model/comparison.ts';
import type { BudgetResult, Verdict } from '#src/model/verdict.ts';

const MIB = 1024 * 1024;

/** A budget that passed. */
export const passedBudget: BudgetResult = {
  expression: 'anon<=256MiB',
  metric: 'anon',
  aggregate: 'max',
  op: '<=',
  unit: 'bytes',
  status: 'passed',
  value: 200 * MIB,
  limit: 256 * MIB,
  excess: -56 * MIB,
};

/** A failed budget with everything that can be reported. */
export const failedBudget: BudgetResult = {
  name: 'BPF maps',
  description: 'The flow table must fit the smallest node | see the sizing page',
  owner: '@acme/datapath',
  expression: 'bpf<=16MiB',
  metric: 'bpf',
  aggregate: 'max',
  op: '<=',
  unit: 'bytes',
  status: 'failed',
  value: 19.5 * MIB,
  limit: 16 * MIB,
  excess: 3.5 * MIB,
  exceeded: {
    elapsedMs: 3240,
    shownMs: 3240,
    breakdown: [
      { id: 'anon', bytes: 180 * MIB, baselineBytes: 150 * MIB },
      { id: 'file', bytes: 2 * MIB, baselineBytes: 2.5 * MIB },
      { id: 'kernel', bytes: 24 * MIB, baselineBytes: 12 * MIB },
      { id: 'bpf maps', bytes: 19.5 * MIB, baselineBytes: 8 * MIB },
      { id: 'percpu', bytes: 64 * 1024 },
    ],
    processes: [
      { name: 'agent', id: 4711, fromBytes: 20 * MIB, toBytes: 170 * MIB },
      { name: 'helper', id: 4712, fromBytes: 0, toBytes: 4 * MIB },
    ],
    maps: [
      { name: 'flows', id: 17, fromBytes: 0, toBytes: 14_050_918 },
      { name: '', id: 18, fromBytes: 512 * 1024, toBytes: 512 * 1024 },
    ],
    advice: [
      {
        kind: 'nearly-empty',
        maps: [{ id: 17, name: 'flows' }],
        savesBytes: 11_324_620,
        text: "hash 'flows' is allocated for 100000 entries and holds 5000",
        options: [{ change: 'BPF_F_NO_PREALLOC', savesBytes: 11_324_620 }],
      },
      {
        kind: 'percpu-growth',
        maps: [{ id: 18, name: '' }],
        text: '1 percpu maps grow with the number of possible CPUs, the largest is percpu_array 18',
        projection: [{ possibleCpus: 64, bytes: 16 * MIB, unchargedPercpuBytes: 0 }],
      },
    ],
    replay: 'cmemstat replay run.jsonl --at 3.24s',
    growthBytes: 19.5 * MIB,
    timeline: { figure: 'bpf', fromMs: 0, toMs: 5432, max: [0, 8 * MIB, null, 19.5 * MIB, 12 * MIB] },
  },
};

/** The same budget in a run with --explain, against a baseline with names, and without. */
export const explainedBudgets: BudgetResult[] = [
  {
    ...failedBudget,
    exceeded: {
      ...(failedBudget.exceeded as NonNullable<BudgetResult['exceeded']>),
      names: {
        moment: 'exceeded',
        elapsedMs: 3300,
        method: 'pages',
        baseline: 'peak',
        names: [
          { kind: 'bpf-map', name: 'flows|new', bytes: 14 * MIB, baselineBytes: 2 * MIB },
          { kind: 'bpf-map', name: '', bytes: 3 * MIB, baselineAtMost: MIB },
        ],
      },
    },
  },
  {
    ...passedBudget,
    status: 'failed',
    value: 300 * MIB,
    excess: 44 * MIB,
    exceeded: {
      shownMs: 5000,
      breakdown: [],
      processes: [],
      maps: [],
      advice: [],
      names: {
        moment: 'end',
        elapsedMs: 5400,
        method: 'counters',
        reason: 'the baseline was read by another method (pages): its names are not comparable',
        names: [{ kind: 'process', name: './agent', bytes: 290 * MIB }],
      },
    },
  },
];

/** A budget that the host could not measure. */
export const unmeasuredBudget: BudgetResult = {
  expression: 'kernel<=32MiB',
  metric: 'kernel',
  aggregate: 'max',
  op: '<=',
  unit: 'bytes',
  status: 'not-measured',
  limit: 32 * MIB,
  reason: 'the process tree was summed: it has no kernel memory',
  hint: 'sudo cmemstat --user "$USER" -- COMMAND',
};

const passed: Verdict = {
  type: 'verdict',
  version: 2,
  cmemstat: '0.1.0',
  time: '2025-03-04T05:06:07.089Z',
  command: ['./agent', '--duration', '5', '--name', "it's"],
  mode: 'cgroup2',
  host: { kernel: '6.12.17', arch: 'x64', cpus: 2 },
  durationMs: 5432,
  status: 'passed',
  runs: { count: 1, evaluatedOn: 'run' },
  target: { status: 0, code: 0 },
  exitStatus: 0,
  budgets: [
    passedBudget,
    {
      expression: 'processes>=1',
      metric: 'processes',
      aggregate: 'max',
      op: '>=',
      unit: 'count',
      status: 'passed',
      value: 3,
      limit: 1,
      excess: 2,
    },
    {
      expression: 'anon.growth<=1MiB',
      metric: 'anon',
      aggregate: 'growth',
      op: '<=',
      unit: 'bytes/min',
      status: 'passed',
      value: 0,
      estimate: -4096,
      limit: MIB,
      excess: -MIB,
    },
    {
      expression: 'psi.some<=5%',
      metric: 'psi.some',
      aggregate: 'avg',
      op: '<=',
      unit: 'percent',
      status: 'passed',
      value: 0.25,
      limit: 5,
      excess: -4.75,
    },
    {
      expression: 'oom_kill==0',
      metric: 'oom_kill',
      aggregate: 'final',
      op: '==',
      unit: 'count',
      status: 'passed',
      value: 0,
      limit: 0,
      excess: 0,
    },
  ],
  timeline: {
    figure: 'current',
    fromMs: 0,
    toMs: 5432,
    max: Array.from({ length: 120 }, (_, step) => (step === 0 ? null : (step % 60) * 4 * MIB)),
  },
  leftovers: [],
  warnings: [],
};

const { leftovers: _, ...withoutLeftovers } = passed;

const failed: Verdict = {
  ...passed,
  status: 'failed',
  exitStatus: 3,
  budgets: [
    passedBudget,
    failedBudget,
    {
      expression: 'processes<2',
      metric: 'processes',
      aggregate: 'max',
      op: '<',
      unit: 'count',
      status: 'failed',
      value: 2,
      limit: 2,
      excess: 0,
    },
    {
      expression: 'anon.avg<=100MiB',
      metric: 'anon',
      aggregate: 'avg',
      op: '<=',
      unit: 'bytes',
      status: 'failed',
      value: 100 * MIB + 4096,
      limit: 100 * MIB,
      excess: 4096,
      exceeded: {
        shownMs: 4000,
        breakdown: [{ id: 'anon', bytes: 180 * MIB }],
        processes: [],
        maps: [],
        advice: [],
      },
    },
  ],
};

const side = (name: string, runs: number): Comparison['base'] => ({
  name,
  runs,
  command: passed.command,
  host: { kernel: '6.12.17', arch: 'x64', cpus: 2, possibleCpus: 2, pageSizeBytes: 4096 },
  mode: 'cgroup2',
});

/** One metric of a comparison for each possible result. */
const metrics: MetricDifference[] = [
  {
    metric: 'anon',
    unit: 'bytes',
    base: 200 * MIB,
    now: 230 * MIB,
    difference: 30 * MIB,
    percent: 15,
    p: 0.0079,
    adjustedP: 0.0316,
    interval: [25 * MIB, 34 * MIB],
    noise: 4 * MIB,
    allowed: 10 * MIB,
    verdict: 'regressed',
  },
  {
    metric: 'file',
    unit: 'bytes',
    base: 10 * MIB,
    now: 12 * MIB,
    difference: 2 * MIB,
    percent: 20,
    p: 0.42,
    interval: [-1 * MIB, 3 * MIB],
    noise: 5 * MIB,
    allowed: MIB,
    verdict: 'within-noise',
  },
  {
    metric: 'kernel',
    unit: 'bytes',
    base: 8 * MIB,
    now: 8 * MIB,
    difference: 0,
    percent: 0,
    p: 1,
    interval: [0, 0],
    noise: 0,
    allowed: MIB,
    verdict: 'passed',
  },
  {
    metric: 'bpf.map:flows',
    unit: 'bytes',
    base: 16 * MIB,
    now: 4 * MIB,
    difference: -12 * MIB,
    percent: -75,
    p: 0.0001,
    interval: [-12 * MIB, -12 * MIB],
    noise: 0,
    allowed: MIB,
    verdict: 'improved',
  },
  {
    metric: 'bpf.map:old',
    unit: 'bytes',
    base: MIB,
    noise: 0,
    verdict: 'not-measured',
  },
  { metric: 'unexplained', unit: 'bytes', now: MIB, noise: 0, verdict: 'not-measured' },
  {
    metric: 'processes',
    unit: 'count',
    base: 0,
    now: 2,
    difference: 2,
    noise: 0,
    verdict: 'not-evaluated',
  },
];

const comparison: Comparison = {
  type: 'comparison',
  version: 2,
  base: side('baseline.json', 5),
  now: side('this run', 5),
  doubts: ['4 CPUs there, 2 here: percpu maps scale with CPUs'],
  metrics,
  regressed: true,
};

/** The verdicts by case. */
export const examples: Readonly<Record<string, Verdict>> = {
  passed,
  failed,
  'not-measured': {
    ...passed,
    status: 'not-measured',
    exitStatus: 5,
    mode: 'process-tree',
    budgets: [passedBudget, unmeasuredBudget],
    timeline: { figure: 'rss', fromMs: 0, toMs: 5432, max: [null, null] },
    warnings: ['no memory cgroup is available: the process tree is summed'],
  },
  optional: {
    ...passed,
    budgets: [passedBudget, { ...unmeasuredBudget, status: 'not-measured-optional' }],
  },
  runs: {
    ...passed,
    status: 'failed',
    exitStatus: 3,
    durationMs: 27_160,
    runs: { count: 5, evaluatedOn: 'median' },
    budgets: [
      {
        ...passedBudget,
        status: 'failed',
        value: 260 * MIB,
        excess: 4 * MIB,
        values: [255 * MIB, 260 * MIB, null, 262 * MIB, 300 * MIB],
        spread: 3.5 * MIB,
        exceeded: {
          elapsedMs: 2000,
          shownMs: 2000,
          run: 2,
          breakdown: [{ id: 'anon', bytes: 260 * MIB }],
          processes: [],
          maps: [],
          advice: [],
        },
      },
      { ...unmeasuredBudget, values: [null, null, null, null, null] },
    ],
  },
  explained: {
    ...passed,
    status: 'failed',
    exitStatus: 3,
    budgets: explainedBudgets,
    comparison: {
      ...comparison,
      metrics: metrics.slice(0, 1).map((metric) => ({
        ...metric,
        names: { moment: 'peak', elapsedMs: 4200, method: 'pages', baseline: 'peak', names: [] },
      })),
    },
  },
  comparison: {
    ...passed,
    status: 'failed',
    exitStatus: 3,
    budgets: [],
    comparison,
    missingMetrics: ['bpf.map:old', 'unexplained'],
  },
  'missing-metric': {
    ...passed,
    status: 'not-measured',
    exitStatus: 5,
    budgets: [],
    comparison: {
      ...comparison,
      doubts: [],
      metrics: metrics
        .filter(({ verdict }) => verdict === 'passed' || verdict === 'not-measured')
        .slice(0, 2),
      regressed: false,
    },
    missingMetrics: ['bpf.map:old'],
  },
  'tool-failed': {
    ...passed,
    exitStatus: 125,
    runs: { count: 3, evaluatedOn: 'median' },
    faults: ['3 of 5 runs: --prepare "make clean": it ended with status 1'],
  },
  'strict-host': {
    ...passed,
    status: 'not-measured',
    exitStatus: 5,
    comparison: {
      ...comparison,
      metrics: metrics.filter(({ verdict }) => verdict === 'passed'),
      regressed: false,
    },
    strictHost: true,
  },
  leftovers: {
    ...passed,
    exitStatus: 4,
    leftovers: [
      { id: 91, name: 'pinned', bytes: 3 * MIB },
      { id: 92, name: '', bytes: 4096 },
    ],
  },
  'leftover-files': {
    ...passed,
    exitStatus: 4,
    leftoverFiles: [
      { kind: 'file', name: '/dev/shm/state\u001b[2J', bytes: 3 * MIB },
      { kind: 'sysv-segment', name: 'System V segment 0x00005eed', bytes: 4096 },
    ],
  },
  'leftovers-unknown': { ...withoutLeftovers, exitStatus: 5, leftoversUnknown: true },
  timeout: { ...passed, target: { status: 124, signal: 'SIGTERM', timedOut: true }, exitStatus: 124 },
  'stopped-on-exceeded': { ...failed, target: { status: 0, signal: 'SIGTERM' } },
  'target-failed': { ...failed, target: { status: 139, signal: 'SIGSEGV' }, exitStatus: 139 },
  'budget-first': { ...failed, target: { status: 2, code: 2 }, exitStatus: 3 },
  empty: {
    type: 'verdict',
    version: 2,
    cmemstat: '0.1.0',
    time: '2025-03-04T05:06:07.089Z',
    command: ['true'],
    mode: 'cgroup1',
    host: { kernel: '6.1.0', arch: 'arm64', cpus: 1 },
    durationMs: 12,
    status: 'passed',
    runs: { count: 1, evaluatedOn: 'run' },
    target: { status: 0, code: 0 },
    exitStatus: 0,
    budgets: [],
    warnings: [],
  },
};

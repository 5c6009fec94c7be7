/** Verdicts that were kept with `--report json:FILE`. Pure. */
import { InputError } from '../errors.ts';
import { VERDICT_VERSION, type Verdict } from '../model/verdict.ts';
import { type Check, faultOf, isNumber, isString, listOf, objectOf, oneOf } from './shapes.ts';
import { refuseNewer, upgradeVerdict } from './upgrade.ts';

const isStrings = listOf(isString);
const isNumberOrNull: Check = (value) => value === null || isNumber(value);
const isInterval: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isNumber);

const isGrown = listOf(
  objectOf({ name: isString, fromBytes: isNumber, toBytes: isNumber }, { id: isNumber }),
);

const isAdvice = objectOf(
  { maps: listOf(objectOf({ id: isNumber, name: isString })), text: isString },
  {
    options: listOf(objectOf({ change: isString, savesBytes: isNumber })),
    projection: listOf(objectOf({ possibleCpus: isNumber, bytes: isNumber, unchargedPercpuBytes: isNumber })),
  },
);

const isExceedance = objectOf(
  {
    shownMs: isNumber,
    breakdown: listOf(objectOf({ id: isString, bytes: isNumber }, { baselineBytes: isNumber })),
    processes: isGrown,
    maps: isGrown,
    advice: listOf(isAdvice),
  },
  { elapsedMs: isNumber, run: isNumber, replay: isString },
);

const isBudget = objectOf(
  {
    expression: isString,
    metric: isString,
    aggregate: isString,
    op: oneOf('<=', '<', '>=', '>', '=='),
    unit: oneOf('bytes', 'bytes/min', 'count', 'count/min', 'percent', 'percent/min'),
    status: oneOf('passed', 'failed', 'not-measured', 'not-measured-optional'),
  },
  {
    ...{ name: isString, description: isString, owner: isString, reason: isString, hint: isString },
    ...{ value: isNumber, estimate: isNumber, limit: isNumber, excess: isNumber, spread: isNumber },
    values: listOf(isNumberOrNull),
    exceeded: isExceedance,
  },
);

const isSide = objectOf({ name: isString, runs: isNumber, command: isStrings, mode: isString });

const isMetric = objectOf(
  {
    metric: isString,
    unit: oneOf('bytes', 'count'),
    noise: isNumber,
    verdict: oneOf('regressed', 'within-noise', 'passed', 'improved', 'not-evaluated', 'not-measured'),
  },
  {
    ...{ base: isNumber, now: isNumber, difference: isNumber, percent: isNumber },
    ...{ p: isNumber, adjustedP: isNumber, allowed: isNumber, interval: isInterval },
  },
);

const findFault = faultOf(
  {
    cmemstat: isString,
    time: isString,
    command: isStrings,
    mode: isString,
    host: objectOf({ kernel: isString, arch: isString, cpus: isNumber }),
    durationMs: isNumber,
    status: oneOf('passed', 'failed', 'not-measured'),
    runs: objectOf({ count: isNumber, evaluatedOn: oneOf('run', 'median', 'worst') }),
    target: objectOf({ status: isNumber }, { code: isNumber, signal: isString }),
    exitStatus: isNumber,
    budgets: listOf(isBudget),
    warnings: isStrings,
  },
  {
    comparison: objectOf({ base: isSide, now: isSide, doubts: isStrings, metrics: listOf(isMetric) }),
    leftovers: listOf(objectOf({ id: isNumber, name: isString, bytes: isNumber })),
    missingMetrics: isStrings,
    faults: isStrings,
    timeline: objectOf({ figure: isString, fromMs: isNumber, toMs: isNumber, max: listOf(isNumberOrNull) }),
  },
);

/**
 * Reads a verdict; undefined for a text that is something else.
 * @throws InputError for one that a newer version has made, or that is damaged.
 */
export function parseVerdict(text: string, file: string): Verdict | undefined {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    // A recording has a document a line.
    return undefined;
  }
  if (value?.type !== 'verdict') return undefined;
  refuseNewer(value, VERDICT_VERSION, file);
  const verdict = upgradeVerdict(value);
  const fault = verdict.version === VERDICT_VERSION ? findFault(verdict) : 'version';
  if (fault === undefined) return verdict as unknown as Verdict;
  throw new InputError(file, `${file}: invalid verdict: ${fault} is missing or malformed`, {
    hint: 'cmemstat report RECORDING',
  });
}

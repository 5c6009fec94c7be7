/** Documents of one JSON value: baselines, verdicts, budget files, the cache of prepared programs. */
import { gateRecordings } from '#src/app/gate/gate-recordings.ts';
import { parseBudgetFile } from '#src/budget/budget-file.ts';
import { formatBaseline } from '#src/budget/comparison/baseline.ts';
import { compareRuns } from '#src/budget/comparison/compare.ts';
import { readSide } from '#src/budget/comparison/inputs.ts';
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import { formatBudget } from '#src/budget/expression/format-budget.ts';
import { explainTinyLimit } from '#src/budget/expression/tiny-limit.ts';
import { readBudgetFile, toGatePlan, toSeriesPlan } from '#src/cli/options/gate-plan.ts';
import { parseDocument } from '#src/format/parse-document.ts';
import { parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import {
  decodePreparedObject,
  encodePreparedObject,
  isEncodedObject,
} from '#src/kernel/bpf/load/prepared-object.ts';
import { isMapKernelFacts, readMapKernelFacts } from '#src/kernel/bpf/memory/map-struct-sizes.ts';
import { parseVerdict } from '#src/recording/parse-verdict.ts';
import { renderComparison } from '#src/report/comparison-text.ts';
import { githubStepSummary } from '#src/report/github.ts';
import { capturedTypes } from '../../captured-types.ts';
import { fixture } from '../../paths.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateJson } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import { type DocumentTarget, inputFile } from './document-target.ts';
import { mapKernel } from './map-kernel.ts';
import { planOf, renderAll } from './plan.ts';
import { seeds } from './seeds.ts';

const DOCUMENTS = ['test/fixtures/recordings', 'test/golden', 'examples'];

function makeDocument(random: Random, pattern: RegExp): Buffer {
  const document = random.pick(seeds(DOCUMENTS, pattern));
  if (random.chance(0.05)) return mutateBytes(random, document);
  return Buffer.from(mutateJson(random, JSON.parse(document.toString())));
}

const RECORDING = fixture('recordings/v1/series.1.jsonl');
const RELATIVE_BUDGETS = [
  'anon<=baseline+5%',
  'bpf<=baseline',
  'bpf.map:*<=baseline+1KiB',
  'current.avg<=baseline',
];

/** Baselines and summaries, on either side of a comparison. */
export const BASELINE_TARGET: DocumentTarget = {
  name: 'baseline',
  about: 'baselines and summaries: compared with a recording, and as the limit of budgets',
  extension: 'json',
  make: (random) => makeDocument(random, /baseline\.json$|summary\.json$/),
  async read(input) {
    const file = inputFile(input, 'json');
    const [side, recorded] = [await readSide(file), await readSide(RECORDING)];
    formatBaseline(side.baseline);
    const output: string[] = [];
    for (const [base, now] of [
      [side, recorded],
      [recorded, side],
    ] as const) {
      const comparison = compareRuns(base, now, parseMaxRegression('1%,anon=2%+1KiB'));
      output.push(renderComparison(comparison, { all: true, plainBytes: false }).join('\n'));
    }
    output.push(...renderAll(await gateRecordings([RECORDING], planOf(RELATIVE_BUDGETS, file))));
    return output;
  },
};

/** Saved verdicts in all formats. */
export const VERDICT_TARGET: DocumentTarget = {
  name: 'verdict',
  about: 'verdicts: reported in all formats',
  extension: 'json',
  make: (random) => makeDocument(random, /verdict\.json$|reports\/json\/.*\.json$/),
  read(input) {
    const verdict = parseVerdict(input.toString(), 'input.json');
    return verdict === undefined ? [] : [...renderAll(verdict), githubStepSummary(verdict)];
  },
};

/** Budget files, up to the plan of an evaluation. */
export const BUDGET_FILE_TARGET: DocumentTarget = {
  name: 'budget-file',
  about: 'budget files: up to the plan of an evaluation',
  extension: 'json',
  make: (random) => makeDocument(random, /budgets?\.json$|proposed\.json$/),
  read(input) {
    const file = readBudgetFile(inputFile(input, 'json')) ?? parseBudgetFile(input.toString(), 'input.json');
    const { budgets } = toGatePlan({ budgetExitCode: '3' }, { baseline: 'base.json', ...file }, false);
    toSeriesPlan({}, file);
    return budgets.map(({ budget }) => `${formatBudget(budget)} ${explainTinyLimit(budget) ?? ''}`);
  },
};

const FACTS = readMapKernelFacts(mapKernel());

function encoded(random: Random): unknown {
  if (random.chance(0.3)) return FACTS;
  const program = random.pick(seeds(['src/kernel/bpf/programs/compiled'], /el\.o$/));
  return encodePreparedObject(prepareObject(parseObject(program, 'program.o'), capturedTypes('6.12')));
}

/** What the cache directory has for this kernel. */
export const CACHE_TARGET: DocumentTarget = {
  name: 'cache',
  about: 'the files of the cache: prepared programs, sizes of kernel structures',
  extension: 'json',
  make: (random) => Buffer.from(mutateJson(random, encoded(random))),
  read(input) {
    let value: unknown;
    try {
      // Only a file with the right checksum is read, and ours is not nested.
      value = parseDocument(input.toString());
    } catch {
      return [];
    }
    isMapKernelFacts(value);
    if (isEncodedObject(value, 'program.o')) decodePreparedObject(value);
    return [];
  },
};

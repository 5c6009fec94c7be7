/** A short run of each target of documents; `npm run fuzz` runs them for as long as one likes. */
import { expect, it } from 'vitest';
import { DOCUMENT_TARGETS } from '../../fuzz/documents/document-targets.ts';
import { runInputs } from '../../fuzz/documents/run-inputs.ts';

/** The same inputs each time: a failure must not depend on luck. */
const SEED = 1;
const INPUTS = 100;

it.each(DOCUMENT_TARGETS)('$name: no input shows a fault', async (target) => {
  const faults: string[] = [];
  const { tried } = await runInputs(target, {
    seed: SEED,
    from: 0,
    isDone: (next) => next >= INPUTS,
    onFailure: ({ index, fault }) => faults.push(`--seed ${SEED} --input ${index} ${target.name}: ${fault}`),
  });
  expect(faults).toEqual([]);
  expect(tried).toBe(INPUTS);
});

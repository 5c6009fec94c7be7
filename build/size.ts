/** `npm run size`: prints how large the package is, and fails where it is larger than `size-budget.json` allows. */
import { findExcess, measureSize, renderSize } from './package-size.ts';
import budget from './size-budget.json' with { type: 'json' };

const size = measureSize(Object.keys(budget.loadedBytes));
console.log(renderSize(size, budget));
const excess = findExcess(size, budget);
for (const line of excess) console.error(`too large: ${line}`);
process.exitCode = excess.length === 0 ? 0 : 1;

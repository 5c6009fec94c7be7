/** `npm run size`: prints the size of the package, and fails if it exceeds `size-budget.json`. */
import { findExcess, measureSize, renderSize } from './package-size.ts';
import budget from './size-budget.json' with { type: 'json' };

const size = measureSize(Object.keys(budget.loadedBytes));
console.log(renderSize(size, budget));
const excess = findExcess(size, budget);
for (const line of excess) console.error(`too large: ${line}`);
process.exitCode = excess.length === 0 ? 0 : 1;

/** Limits that were probably meant to have a unit. */
import type { Budget } from './budget.ts';

/** Below a page, a size without a unit is more likely a mistake than a limit. Unit: bytes. */
const PAGE_BYTES = 4096;

/** Explains a limit such as `anon<64`, which is one of 64 bytes; undefined for any other. */
export function explainTinyLimit({ expression, unit, op, threshold }: Budget): string | undefined {
  if (!unit.startsWith('bytes') || op.startsWith('>') || threshold.kind !== 'fixed') return undefined;
  const { value } = threshold;
  const number = /(?:[<=]|\b(?:le|lt|eq))\s*(\d+)$/.exec(expression)?.[1];
  if (number === undefined || value === 0 || value >= PAGE_BYTES) return undefined;
  return `${number} without a unit is ${number} bytes; for MiB write ${expression}MiB`;
}

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BINARY } from '../../paths.ts';
import { parseResident } from './process-costs.ts';

/** The maximum of a program that exits by itself has to be read at its exit. */
const PRINT_PEAK = join(import.meta.dirname, 'print-peak.cjs');

/**
 * Runs cmemstat, start-up included.
 * @throws Error if it fails.
 */
export function runTimed(...args: readonly string[]): { ms: number; peakBytes: number } {
  const from = performance.now();
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--require', PRINT_PEAK, BINARY, ...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const ms = performance.now() - from;
  if (status !== 0) throw new Error(`cmemstat ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { ms, peakBytes: parseResident(stdout, 'VmHWM') };
}

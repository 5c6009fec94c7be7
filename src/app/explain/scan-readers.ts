/** Opens what the page scan, pipes and sockets are read with, and tests the page scan. */
import { ToolError } from '../../errors.ts';
import { prepareScanObjects, type ScanObjects } from '../../kernel/bpf/scan/scan-objects.ts';
import { missingForScan } from '../../kernel/bpf/scan/scan-requirements.ts';
import { type Bpf, openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { explainDifferences, testScan } from '../../sampler/explain/tested-scan.ts';

/** BPF programs that are ready to be loaded. */
export interface ScanReaders {
  bpf: Bpf;
  objects: ScanObjects;
  /** Why pages cannot be scanned; absent if they can. */
  fault?: ToolError;
  /** Why the self-test of the scan could not be run; absent if it passed. */
  untested?: string;
}

/** Lets other work be done. */
export const yieldToEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Prepares the programs, and tests the page scan once after each boot.
 * @throws ToolError if BPF cannot be used at all.
 */
export async function openScanReaders(): Promise<ScanReaders> {
  const bpf = await openBpf();
  const objects = await prepareScanObjects(yieldToEvents);
  const missing = missingForScan(objects);
  if (missing !== undefined) return { bpf, objects, fault: missing };
  const result = await testScan(bpf, objects);
  if (result.state === 'failed') return { bpf, objects, fault: explainDifferences(result.differences) };
  return result.state === 'passed' ? { bpf, objects } : { bpf, objects, untested: result.reason };
}

/** Runs a read; returns a ToolError that it throws. @throws other errors. */
export async function orToolError<T>(read: () => Promise<T>): Promise<T | ToolError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
}

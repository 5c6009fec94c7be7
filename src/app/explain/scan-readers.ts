/** Opens what pages, pipes and sockets are read with; tests and runs the page scan. */
import { ToolError } from '../../errors.ts';
import { openPageScan } from '../../kernel/bpf/scan/page-scan.ts';
import { prepareScanObjects, type ScanObjects } from '../../kernel/bpf/scan/scan-objects.ts';
import { missingForScan } from '../../kernel/bpf/scan/scan-requirements.ts';
import type { PageScan, PageScanOptions } from '../../kernel/bpf/scan/scan-result.ts';
import { type Bpf, openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import type { Explanation, MissingTerm } from '../../model/explain/explanation.ts';
import { explainDifferences, testScan } from '../../sampler/explain/tested-scan.ts';

/** BPF programs that are ready to be loaded. */
export interface ScanReaders {
  bpf: Bpf;
  objects: ScanObjects;
  /** Why pages cannot be scanned; absent if they can. */
  fault?: ToolError;
  /** Why the self-test of the scan could not be run; absent if it passed. */
  untested?: string;
  /** Why the self-test was run without a BPF map; absent if it had one. */
  withoutMap?: string;
}

/** How pages are scanned for an explanation. */
export interface ScanHow {
  /** Read one in this many pages; all by default. */
  sample?: number | undefined;
  /** Receives how much of the pages was read, from 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

let readers: Promise<ScanReaders> | undefined;

/**
 * Prepares the programs on the first call, and tests the page scan once after each boot.
 * @throws ToolError if BPF cannot be used at all.
 */
export function openScanReaders(): Promise<ScanReaders> {
  readers ??= prepareReaders();
  return readers;
}

async function prepareReaders(): Promise<ScanReaders> {
  const bpf = await openBpf();
  const objects = await prepareScanObjects(yieldToEventLoop);
  const missing = missingForScan(objects);
  if (missing !== undefined) return { bpf, objects, fault: missing };
  const result = await testScan(bpf, objects);
  if (result.state === 'failed') return { bpf, objects, fault: explainDifferences(result.differences) };
  if (result.state === 'untested') return { bpf, objects, untested: result.reason };
  const { withoutMap } = result;
  return { bpf, objects, ...(withoutMap === undefined ? {} : { withoutMap }) };
}

/**
 * Scans the pages. Close the scan when all names have been read. @throws ToolError if that is not possible.
 */
export async function scanPages(
  { bpf, objects, fault }: ScanReaders,
  what: Pick<PageScanOptions, 'cgroupId' | 'withUncharged'>,
  { sample, ...how }: ScanHow,
): Promise<PageScan> {
  if (fault !== undefined) throw fault;
  return openPageScan(bpf, objects, {
    ...what,
    ...(sample === undefined ? {} : { sampleEvery: sample }),
    ...watched(how),
  });
}

/** The options of a scan that has a progress and can be stopped. */
export function watched({ onProgress, signal }: Omit<ScanHow, 'sample'>): {
  onProgress: (done: number, total: number) => void;
  signal?: AbortSignal;
} {
  return {
    onProgress: (done, total) => onProgress?.(total === 0 ? 1 : done / total),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** What an explanation says about its scan. */
export function describeScan(
  { estimate, elapsedMs, scannedPages }: PageScan,
  { sample }: ScanHow,
): Pick<Explanation, 'sample' | 'scanMs' | 'scannedPages'> {
  const facts = { scanMs: elapsedMs, scannedPages };
  if (estimate === undefined || sample === undefined) return facts;
  const { standardErrorBytes } = estimate;
  return {
    sample: { every: sample, ...(standardErrorBytes === undefined ? {} : { standardErrorBytes }) },
    ...facts,
  };
}

/** A scan that was not compared with known memory may be wrong. */
export function untestedTerms(readers: ScanReaders | undefined): MissingTerm[] {
  const { untested, withoutMap } = readers ?? {};
  if (untested !== undefined) return [{ term: 'self-test of the page scan', reason: untested }];
  return withoutMap === undefined ? [] : [{ term: 'self-test of BPF maps', reason: withoutMap }];
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

/** Reads the memory of one cgroup by name. */
import { statSync } from 'node:fs';
import type { FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { whileFrozen } from '../../cgroup/freeze.ts';
import { listProcesses } from '../../cgroup/subtree.ts';
import { PermissionError, ToolError } from '../../errors.ts';
import type { PageScan } from '../../kernel/bpf/scan/page-scan.ts';
import type { ScanFile } from '../../kernel/bpf/scan/scan-names.ts';
import { prepareScanObjects } from '../../kernel/bpf/scan/scan-objects.ts';
import { openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { takeSteps } from '../../kernel/steps.ts';
import type { ChargedMemory, Explanation, MissingTerm } from '../../model/explanation.ts';
import { type FilePaths, openFilePaths } from '../../sampler/explain/file-paths.ts';
import { type ProcessMemories, readProcessMemory } from '../../sampler/explain/process-memory.ts';
import { openTestedScan } from '../../sampler/explain/tested-scan.ts';
import { adviseOnTree } from './advice.ts';
import { sumsOfCounters } from './from-counters.ts';
import { gatherBpf } from './gather-bpf.ts';
import { stackParts } from './gather-kernel.ts';
import { type CgroupPages, namePages, sumPages } from './gather-pages.ts';
import { besideProcesses, missingTerms, processPart } from './gather-processes.ts';
import { hideNames } from './hide-names.ts';
import { readCharged } from './read-charged.ts';
import { buildTree } from './tree/build-tree.ts';

/** How to read it. */
export interface ExplainOptions {
  /** Read one in this many pages; all by default. */
  sample?: number | undefined;
  /** Whether names of files, commands and users are in the result; true by default. */
  names?: boolean | undefined;
  /** Whether to freeze the processes meanwhile. */
  freeze?: boolean | undefined;
  /** Receives how much of the pages was read, from 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What was read while the processes were frozen. */
interface Readings {
  before: ChargedMemory;
  after: ChargedMemory;
  pids: number[];
  /** Or why there is none. */
  scan: PageScan | ToolError;
  processes: ProcessMemories;
}

/**
 * Reads what a cgroup with its descendants is charged for. Without the rights or the kernel for a page scan,
 * the counters of the kernel stand in, and `reason` says so.
 * @throws UsageError for `freeze` of a cgroup that is not ours; KernelFileError if the cgroup is gone.
 */
export async function explainCgroup(cgroup: FoundCgroup, options: ExplainOptions = {}): Promise<Explanation> {
  const read = () => takeReadings(cgroup, options);
  const { result, frozen } =
    options.freeze === true ? await whileFrozen(cgroup, read) : { result: await read(), frozen: false };
  const { scan } = result;
  try {
    return await assemble(cgroup, result, options, frozen);
  } finally {
    if (!(scan instanceof ToolError)) scan.close();
  }
}

async function takeReadings(cgroup: FoundCgroup, options: ExplainOptions): Promise<Readings> {
  const pids = listProcesses(cgroup.directory);
  const before = readCharged(cgroup);
  const scan = await tryScan(cgroup, options);
  const after = readCharged(cgroup);
  const processes = await takeSteps(readProcessMemory(pids), yieldToEvents);
  return { before, after, pids, scan, processes };
}

/** Lets other work be done. */
export const yieldToEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function tryScan(
  { directory }: FoundCgroup,
  { sample, onProgress, signal }: ExplainOptions,
): Promise<PageScan | ToolError> {
  try {
    return await openTestedScan(await openBpf(), await prepareScanObjects(yieldToEvents), {
      cgroupId: Number(statSync(directory, { bigint: true }).ino),
      ...(sample === undefined ? {} : { sampleEvery: sample }),
      onProgress: (done, total) => onProgress?.(total === 0 ? 1 : done / total),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
}

async function assemble(
  cgroup: FoundCgroup,
  readings: Readings,
  options: ExplainOptions,
  frozen: boolean,
): Promise<Explanation> {
  const { before, after, pids, scan, processes } = readings;
  const bpf = await gatherBpf(cgroup.directory, pids);
  const paths = openFilePaths(pids);
  const pages = scan instanceof ToolError ? withoutPages(after) : pagesOf(scan, processes, paths);
  const missing: MissingTerm[] = [...missingTerms([...processes.missing, ...paths.missing]), ...bpf.missing];
  const { stat } = after;
  const tree = buildTree(
    { kind: 'cgroup', name: cgroup.path, path: cgroup.path },
    {
      ...pages,
      current:
        scan instanceof ToolError || scan.estimate === undefined ? currentOf(before, after) : undefined,
      processes: processes.processes.map(processPart),
      kernelParts: [...bpf.parts.pages, ...stackParts(processes, stat.kernel_stack)],
      slabParts: bpf.parts.slab,
      percpu: stat.percpu,
      zswap: stat.zswap,
      sock: stat.sock,
      sockets: [],
      missing,
    },
  );
  const shown = options.names === false ? hideNames(tree) : tree;
  return {
    cgroup: cgroup.path,
    method: scan instanceof ToolError ? 'counters' : 'pages',
    ...reasonOf(scan),
    before,
    after,
    ...(frozen ? { frozen: true as const } : {}),
    ...sampleOf(scan, options),
    ...(scan instanceof ToolError ? {} : { scanMs: scan.elapsedMs, scannedPages: scan.scannedPages }),
    tree: shown,
    beside: [...besideProcesses(processes), ...bpf.beside],
    missing,
    advice: adviseOnTree(shown),
  };
}

/** The cgroup may have grown or shrunk: the tree adds up to what it was in the middle. */
function currentOf(before: ChargedMemory, after: ChargedMemory): number | undefined {
  if (before.current === undefined || after.current === undefined) return after.current;
  return Math.round((before.current + after.current) / 2);
}

function reasonOf(scan: PageScan | ToolError): { reason?: string; hint?: string } {
  if (!(scan instanceof ToolError)) return {};
  const hint = scan.hint ?? (scan instanceof PermissionError ? 'run with sudo' : undefined);
  return { reason: scan.message, ...(hint === undefined ? {} : { hint }) };
}

function sampleOf(scan: PageScan | ToolError, { sample }: ExplainOptions): Pick<Explanation, 'sample'> {
  if (scan instanceof ToolError || scan.estimate === undefined || sample === undefined) return {};
  const { standardErrorBytes } = scan.estimate;
  return { sample: { every: sample, ...(standardErrorBytes === undefined ? {} : { standardErrorBytes }) } };
}

function pagesOf(scan: PageScan, processes: ProcessMemories, paths: FilePaths): CgroupPages {
  const isHeld = ({ device, inode }: ScanFile) =>
    processes.files.get(device, inode) === undefined ? undefined : true;
  return namePages(scan, sumPages(scan), { paths, isHeld });
}

function withoutPages(charged: ChargedMemory): CgroupPages {
  return { pages: sumsOfCounters(charged), files: [], shmem: [], slabs: [] };
}

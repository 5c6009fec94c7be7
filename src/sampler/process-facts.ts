/** Mappings, limits and descriptors of one process, read on request. */
import { createReadStream } from 'node:fs';
import { opendir, readFile, readlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describeErrno, errnoOf } from '../errors.ts';
import { type MappedMemory, SmapsTotals } from '../kernel/procfs/memory/smaps.ts';
import { type ProcessLimit, parseLimits } from '../kernel/procfs/pid-limits.ts';

/** What was read, or why it could not be. */
type Read<T> = T | { failure: string };

/** The details of a process. */
export interface ProcessFacts {
  /** `isCut`: there are more mappings, which were not read. */
  mappings: Read<{ count: number; isCut: boolean; memory: MappedMemory[] }>;
  limits: Read<ProcessLimit[]>;
  /** What the descriptors refer to, at most 1000 of them; `isCut`: `count` is only a minimum. */
  descriptors: Read<{ count: number; isCut: boolean; targets: { fd: number; target: string }[] }>;
}

/** Bounds for processes with an extreme number of mappings or descriptors. */
const MAX_MAPPINGS = 20_000;
const MAX_DESCRIPTORS = 100_000;
const MAX_TARGETS = 1000;

/**
 * Reads all details of a process in the background; what has exited or is not accessible is reported as such.
 */
export async function readProcessFacts(pid: number, procRoot = '/proc'): Promise<ProcessFacts> {
  const folder = `${procRoot}/${pid}`;
  const [mappings, limits, descriptors] = await Promise.all([
    orFailure(() => readMappings(`${folder}/smaps`)),
    orFailure(async () => parseLimits(await readFile(`${folder}/limits`, 'utf8'))),
    orFailure(() => readDescriptors(`${folder}/fd`)),
  ]);
  return { mappings, limits, descriptors };
}

async function orFailure<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return await read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const hasExited = errno === 'ENOENT' || errno === 'ESRCH';
    return { failure: hasExited ? 'the process has exited' : describeErrno(errno) };
  }
}

async function readMappings(path: string) {
  const totals = new SmapsTotals();
  const stream = createReadStream(path, 'utf8');
  // The interface does not report errors of its input.
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  for await (const line of createInterface({ input: stream })) {
    totals.add(line);
    if (totals.count > MAX_MAPPINGS) break;
  }
  stream.destroy();
  if (failure !== undefined) throw failure;
  const isCut = totals.count > MAX_MAPPINGS;
  const memory = totals.totals();
  return { count: totals.count, isCut, memory };
}

async function readDescriptors(path: string) {
  const targets: { fd: number; target: string }[] = [];
  let count = 0;
  for await (const { name } of await opendir(path, { bufferSize: 256 })) {
    count += 1;
    if (count >= MAX_DESCRIPTORS) break;
    if (targets.length >= MAX_TARGETS) continue;
    // It may have been closed meanwhile.
    const target = await readlink(`${path}/${name}`).catch(() => '?');
    targets.push({ fd: Number(name), target });
  }
  return { count, isCut: count >= MAX_DESCRIPTORS, targets: targets.sort((a, b) => a.fd - b.fd) };
}

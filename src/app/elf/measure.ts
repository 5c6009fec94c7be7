/** Measures maps: creates each one in a fresh leaf and reads the charge of the leaf. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Leaf } from '../../cgroup/leaf.ts';
import { placeLeaf } from '../../cgroup/placement.ts';
import { ToolError, UnsupportedError } from '../../errors.ts';
import type { DefinedMap } from '../../kernel/bpf/elf/elf-btf-maps.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { writePseudoFile } from '../../kernel/pseudo-file.ts';
import { sleep } from '../../kernel/sleep.ts';
import { openLog } from '../../output/log.ts';
import { removeLeaf } from '../run/clean-up.ts';
import { openLeafReader } from '../run/readings/open-readers.ts';
import type { MeasuredMap } from './forecast-types.ts';
import { encodeRequest, type MakeReply, type MakeRequest } from './measure-worker.ts';

/** A map to measure, with its approximate size. */
export interface MapToMeasure {
  map: DefinedMap;
  /** Unit: bytes. */
  predictedBytes: number;
}

// The kernel charges in batches of 64 pages per CPU: a small map is only visible with many copies.
const enoughBytes = 32 * 1024 * 1024;
const mostCopies = 1000;
// A kernel worker frees and uncharges the memory of a map some time after the last descriptor is closed.
const settledMs = 250;
const settleTimeoutMs = 5000;
const pollMs = 25;

/**
 * Creates the maps one after the other, with as many copies of each as needed to see its charge, in a
 * separate process in a fresh leaf; both are removed afterwards. `maker` is a command that calls
 * `serveMapMaker`. Returns one result per map.
 * @throws UnsupportedError if no memory cgroup is available; ToolError if a map cannot be measured.
 */
export async function measureMaps(
  maps: readonly MapToMeasure[],
  maker: readonly [string, ...string[]],
): Promise<MeasuredMap[]> {
  const placement = await placeLeaf({ cgroupParent: undefined, needsPids: false });
  const { leaf } = placement;
  try {
    if (leaf === undefined) {
      throw new UnsupportedError('--measure', `--measure requires a memory cgroup: ${placement.reason}`, {
        hint: 'cmemstat doctor',
      });
    }
    return await measureIn(leaf, maps, maker);
  } finally {
    const log = openLog();
    await removeLeaf(placement, log);
    await log.flush();
  }
}

async function measureIn(
  leaf: Leaf,
  maps: readonly MapToMeasure[],
  [command, ...args]: readonly [string, ...string[]],
): Promise<MeasuredMap[]> {
  const reader = openLeafReader(leaf, (fault) => {
    throw fault;
  });
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const conversation = new Conversation(child);
  const measured: MeasuredMap[] = [];
  try {
    // It creates nothing until requested, so there is time to move it.
    for (const file of leaf.joinFiles) writePseudoFile(file, String(child.pid ?? -1));
    const kernelBytes = async () => (await reader.read()).kernel;
    for (const { map, predictedBytes } of maps) {
      const copies = Math.max(1, Math.min(mostCopies, Math.ceil(enoughBytes / Math.max(1, predictedBytes))));
      const reply = await conversation.ask({ map, copies: 1 });
      if (!('memlock' in reply)) {
        measured.push({ error: 'error' in reply ? reply.error : 'it was not created' });
        continue;
      }
      await conversation.ask({ map, copies: 0 });
      const before = await settled(kernelBytes);
      await conversation.ask({ map, copies });
      const after = await kernelBytes();
      await conversation.ask({ map, copies: 0 });
      measured.push({ memlock: reply.memlock, ...chargeOf(before, after, copies) });
    }
  } finally {
    child.kill('SIGKILL');
    conversation.close();
    reader.close();
  }
  return measured;
}

/** Returns the figure when it no longer decreases, or after a timeout. */
async function settled(read: () => Promise<number | undefined>): Promise<number | undefined> {
  const deadline = monotonicMs() + settleTimeoutMs;
  let lowest = await read();
  let since = monotonicMs();
  while (monotonicMs() < Math.min(since + settledMs, deadline)) {
    await sleep(pollMs);
    const now = await read();
    if (now === undefined || lowest === undefined) return now;
    if (now < lowest) {
      lowest = now;
      since = monotonicMs();
    }
  }
  return read();
}

function chargeOf(
  before: number | undefined,
  after: number | undefined,
  copies: number,
): { chargedBytes?: number } {
  if (before === undefined || after === undefined) return {};
  return { chargedBytes: Math.max(0, Math.round((after - before) / copies)) };
}

/** Sends a request and waits for the response. */
class Conversation {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.#child = child;
    // If the process exits early, its output ends.
    child.on('error', () => {});
    child.stdin?.on('error', () => {});
    this.#lines = createInterface({ input: child.stdout ?? process.stdin });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async ask(request: MakeRequest): Promise<MakeReply> {
    this.#child.stdin?.write(`${encodeRequest(request)}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new ToolError('MEASURE', 'the process that creates the maps has exited');
    return JSON.parse(value) as MakeReply;
  }

  close(): void {
    this.#lines.close();
  }
}

/** BPF memory of a run: charged to its leaf, uncharged, and on the host. */

import { ToolError } from '../../errors.ts';
import { type Bpf, openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { openLibc } from '../../kernel/bpf/sys/libc.ts';
import { listObjectIds } from '../../kernel/bpf/sys/objects.ts';
import { collectHeldBpf, type HeldBpf } from '../../kernel/procfs/held-bpf.ts';
import { yieldToEventLoop } from '../../kernel/sleep.ts';
import type { InventoryMap } from '../../model/bpf-inventory.ts';
import type { BpfReading } from './bpf-clock.ts';
import type { LeafBpf, LeafOwner, LeafReading, LeafTotals, RunMaps } from './leaf-bpf.ts';
import { type BpfCollector, bpfCollectorOver } from './totals.ts';

/** The owner of the BPF memory; its processes are passed to each reading. */
type RunOwner = Pick<LeafOwner, 'cgroupId' | 'nameNested' | 'listsMaps'>;

/** Reads the BPF memory of one run. */
export class RunBpf {
  readonly #bpf: Bpf;
  readonly #owner: RunOwner;
  #mayListMaps: boolean;
  #pids: readonly number[] = [];
  /** The descriptors of one reading, which are used twice. */
  readonly #held = new Map<number, HeldBpf>();
  #collector: BpfCollector | undefined;
  #leaf: LeafBpf | undefined;
  #refusal: ToolError | undefined;
  /** The target exited before the iterators were opened, and nothing is charged to its leaf. */
  #isEmptyAtEnd = false;
  #prepared: Promise<void> | undefined;
  #closed = false;

  private constructor(bpf: Bpf, owner: RunOwner) {
    this.#bpf = bpf;
    this.#owner = owner;
    this.#mayListMaps = owner.listsMaps;
  }

  /** Loads what `open` needs. @throws UnsupportedError if koffi cannot be loaded. */
  static async load(): Promise<void> {
    await openLibc();
  }

  /**
   * Opens all available sources.
   * @throws ToolError that names the missing capability, if there is no source.
   */
  static async open(owner: RunOwner): Promise<RunBpf> {
    const run = new RunBpf(await openBpf(), owner);
    try {
      run.#collector = bpfCollectorOver(run.#bpf, run.#heldOf);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // The iterators may be permitted even if the walk over ids is not.
      await run.prepare();
      if (run.#leaf === undefined) throw run.#refusal ?? error;
    }
    return run;
  }

  /** Why maps could not be attributed by their charge; undefined if they could, or before `prepare`. */
  get reason(): string | undefined {
    return this.#refusal?.message ?? this.#leaf?.reason;
  }

  get hint(): string | undefined {
    return this.#refusal?.hint ?? this.#leaf?.hint;
  }

  /**
   * Opens the iterators, which takes about 10 ms: delayed until the target has run for a while. On the first
   * run on a kernel their programs are adapted to it first, between samples. From then on totals have
   * `charged`. `onStep` is called between the system calls that open them, most of which wait for other CPUs.
   */
  prepare(onStep?: () => void): Promise<void> {
    this.#prepared ??= this.#prepareOnce(onStep);
    return this.#prepared;
  }

  async #prepareOnce(onStep: (() => void) | undefined): Promise<void> {
    const { openLeafBpf } = await import('./leaf-bpf.ts');
    const { prepareIterators } = await import('./source.ts');
    const prepared = await prepareIterators(() => yieldToEventLoop());
    if (this.#closed) return;
    try {
      this.#leaf = openLeafBpf(withSteps(this.#bpf, onStep), prepared, {
        ...this.#owner,
        pids: () => this.#pids,
        heldOf: this.#heldOf,
      });
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#refusal = error;
    }
  }

  /**
   * Reads the totals, and the maps that are new or changed since the previous reading. Maps are only listed
   * after `prepare` has opened the iterators. @throws ToolError if a permission was lost meanwhile.
   */
  collect(pids: readonly number[]): BpfReading {
    this.#pids = pids;
    this.#held.clear();
    const leaf = this.#isEmptyAtEnd ? { totals: emptyTotals(), maps: undefined } : this.#readLeaf();
    const attribution = leaf?.totals === undefined ? 'held' : 'memcg';
    return {
      totals: { attribution, ...leaf?.totals, ...this.#collector?.collect(pids) },
      maps: leaf?.maps,
    };
  }

  /**
   * Makes the last reading an attributed one: opens the iterators unless it is certain without them that
   * nothing is charged to the leaf, which is faster. Call it when the target has exited.
   * @throws ToolError if a permission was lost meanwhile.
   */
  async prepareLast(pids: readonly number[]): Promise<void> {
    if (this.#leaf !== undefined || this.#refusal !== undefined || this.#owner.cgroupId === undefined) return;
    const isPreparing = this.#prepared !== undefined;
    if (!isPreparing && pids.length === 0 && (await this.#hasNoMaps())) this.#isEmptyAtEnd = true;
    else await this.prepare();
  }

  /** Whether no map is charged to the leaf; then no program is, unless a process of the leaf holds it. */
  async #hasNoMaps(): Promise<boolean> {
    if (this.#collector === undefined) return false;
    if (listObjectIds(this.#bpf, 'map').length === 0) return true;
    const { mayHaveMaps } = await import('./leaf-bpf.ts');
    const { prepareIterators } = await import('./source.ts');
    return !mayHaveMaps(this.#bpf, await prepareIterators(), this.#owner.cgroupId);
  }

  /**
   * Reads only what is charged to the leaf, without the changed maps; undefined if the kernel does not report
   * it, or before `prepare`. @throws ToolError if a permission was lost meanwhile.
   */
  collectCharged(pids: () => readonly number[]): Pick<LeafTotals, 'charged' | 'uncharged'> | undefined {
    if (this.#leaf?.attributes !== true) return undefined;
    this.#pids = pids();
    this.#held.clear();
    return this.#leaf.totals();
  }

  #readLeaf(): LeafReading | undefined {
    const leaf = this.#leaf;
    if (leaf === undefined || leaf.attributes) return leaf?.read();
    if (!this.#mayListMaps) return undefined;
    try {
      return leaf.read();
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // Without attribution, totals come from another source and remain available.
      this.#mayListMaps = false;
      return undefined;
    }
  }

  /** The maps of the leaf at the reading with the maximum total, and the advice on them. */
  largest(): RunMaps {
    return this.#leaf?.largest() ?? { maps: [], advice: [], elsewhere: {}, orphaned: {} };
  }

  /**
   * The maps that are currently charged to the leaf; undefined if that is unknown.
   * @throws ToolError if a permission was lost meanwhile.
   */
  async chargedMaps(): Promise<readonly InventoryMap[] | undefined> {
    this.#held.clear();
    // Nothing is left that could create one.
    if (this.#isEmptyAtEnd) return [];
    await this.prepare();
    return this.#leaf?.attributes === true ? this.#leaf.maps() : undefined;
  }

  readonly #heldOf = (pid: number): HeldBpf => {
    const known = this.#held.get(pid);
    if (known !== undefined) return known;
    const held = collectHeldBpf([pid]);
    this.#held.set(pid, held);
    return held;
  };

  close(): void {
    this.#closed = true;
    this.#leaf?.close();
    this.#collector?.close();
  }
}

function emptyTotals(): LeafTotals {
  const none = () => ({ count: 0, bytes: 0 });
  return {
    charged: { maps: none(), programs: none(), places: { vmalloc: 0, slab: 0, percpu: 0, pages: 0 } },
    uncharged: { maps: none() },
    heldElsewhere: { maps: none() },
    anonymous: { maps: none() },
  };
}

/** Calls `onStep` before each system call. */
function withSteps(bpf: Bpf, onStep: (() => void) | undefined): Bpf {
  if (onStep === undefined) return bpf;
  let isOpening = true;
  queueMicrotask(() => {
    isOpening = false;
  });
  return {
    address: bpf.address,
    call(command, attr, pointees) {
      if (isOpening) onStep();
      return bpf.call(command, attr, pointees);
    },
  };
}

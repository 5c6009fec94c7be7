/** V8 flags for this workload: little work at a time, for a long time. */

/**
 * Applied after the code cache is written, because V8 only accepts it under the same flags. Short runs need
 * not load the module `v8`. Unit: milliseconds.
 */
const CHANGE_AFTER_MS = 2_000;

const KEEP_YOUNG_SMALL = '--semi-space-growth-factor=1';

/**
 * Keeps the heap small. By default the young generation grows to 16 MiB during a long run without benefit,
 * since everything allocated by a sample is garbage immediately. From Node.js 22 on V8 also keeps the pages
 * that a garbage collection has emptied, unless it optimises for size: up to 12 MiB over 1,000,000 samples.
 */
export function keepHeapSmall(afterMs = CHANGE_AFTER_MS): void {
  changeFlags([KEEP_YOUNG_SMALL, '--optimize-for-size'], afterMs);
}

/**
 * While `withSmallYoungGeneration` works, `globalThis` has a function under this symbol that calls another
 * one under V8's default flags. V8 refuses compiled code under other flags than those it was created with.
 */
export const WITH_DEFAULT_FLAGS = Symbol.for('cmemstat.with-default-v8-flags');

/** What has the function: the loader of the chunks, which is bundled apart, shares nothing else. */
export const flagsHolder = globalThis as { [WITH_DEFAULT_FLAGS]?: <Result>(work: () => Result) => Result };

/**
 * Works with lists of up to thousands of objects: a young generation that grows to 16 MiB costs more page
 * faults than it saves garbage collections. Measured with 10,000 maps: 9,200 page faults instead of 14,300,
 * and a sixth less CPU time. The default is restored afterwards.
 */
export async function withSmallYoungGeneration(work: () => Promise<void>): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  const change = () => setFlagsFromString(KEEP_YOUNG_SMALL);
  const restore = () => setFlagsFromString('--semi-space-growth-factor=2');
  flagsHolder[WITH_DEFAULT_FLAGS] = (step) => {
    restore();
    try {
      return step();
    } finally {
      change();
    }
  };
  change();
  try {
    await work();
  } finally {
    delete flagsHolder[WITH_DEFAULT_FLAGS];
    restore();
  }
}

/**
 * Delays optimisation until functions have run thirty times as often. By default V8's threads spend minutes
 * optimising code that draws two frames per second, which costs more time than it saves. Measured with 200
 * maps and 50 processes: 2.2 % of a core instead of 3.0. Node.js 22 and later do not have this flag.
 */
export function optimiseLate(): void {
  if (Number.parseInt(process.versions.node, 10) < 22) {
    changeFlags(['--interrupt-budget=2000000'], CHANGE_AFTER_MS);
  }
}

function changeFlags(flags: readonly string[], afterMs: number): void {
  const change = async () => {
    const { setFlagsFromString } = await import('node:v8');
    for (const flag of flags) setFlagsFromString(flag);
  };
  setTimeout(() => void change(), afterMs).unref();
}

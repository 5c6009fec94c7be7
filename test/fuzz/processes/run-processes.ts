/** Runs one target that starts cmemstat, for some time or a number of runs. */
import { Random } from '../random.ts';
import { FuzzHost } from './fuzz-host.ts';
import type { ProcessTarget } from './process-target.ts';
import { soak } from './soak.ts';

/** When to stop: at whichever comes first. */
export interface ProcessLimits {
  minutes: number;
  runs: number;
  seed: number;
  /** Only this run. */
  only?: number | undefined;
}

/** Runs it, and prints what it finds; returns whether that is nothing. */
export async function runProcesses(target: ProcessTarget, limits: ProcessLimits): Promise<boolean> {
  const host = new FuzzHost();
  let tearDown = () => {};
  try {
    tearDown = target.setUp?.(host) ?? tearDown;
    return await runAll(host, target, limits);
  } finally {
    tearDown();
    host.remove();
  }
}

async function runAll(host: FuzzHost, target: ProcessTarget, limits: ProcessLimits): Promise<boolean> {
  const { minutes, runs, seed, only } = limits;
  const kinds = new Map<string, number>();
  const start = performance.now();
  let tried = 0;
  let failed = 0;
  for (let index = only ?? 0; tried < (only === undefined ? runs : 1); index += 1) {
    if (performance.now() - start > minutes * 60_000) break;
    const { kind, faults } = await target.runOnce(host, new Random(`${seed}/${target.name}/${index}`));
    tried += 1;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (faults.length === 0) continue;
    failed += 1;
    console.log(`  FAILED: ${faults.join('\n    ')}`);
    console.log(`    repeat: npm run fuzz -- --seed ${seed} --input ${index} ${target.name}`);
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`${target.name}: ${tried} runs in ${seconds} s, ${failed} failures, seed ${seed}`);
  for (const [kind, count] of [...kinds].sort()) console.log(`  ${String(count).padStart(5)}  ${kind}`);
  return failed === 0;
}

/** The soak, which is one long run. */
export async function runSoak(minutes: number): Promise<boolean> {
  const host = new FuzzHost();
  try {
    const faults = await soak(host, minutes);
    console.log(`soak: ${minutes} min, ${faults.length} failures`);
    for (const fault of faults) console.log(`  FAILED: ${fault}`);
    return faults.length === 0;
  } finally {
    host.remove();
  }
}

/** Leaving nothing behind, on every way out. */
import type { Leaf } from '../../cgroup/leaf.ts';
import type { Placement } from '../../cgroup/placement.ts';
import { ToolError } from '../../errors.ts';

/** Ends and removes the leaf; a clean-up that fails is told, and never hides what happened before. */
export async function removeLeaf(placement: Placement, say: (line: string) => void): Promise<void> {
  const { leaf } = placement;
  try {
    await leaf?.kill();
    await leaf?.remove();
    await placement.release();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    say(`could not clean up: ${error.message}; the next run removes it`);
  }
}

/** What removes the leaf when the process ends without `removeLeaf`: an error that nobody expected. */
export interface CrashGuard {
  release(): void;
}

/** Guards a leaf until it is released. */
export function guardAgainstCrash(leaf: Leaf | undefined): CrashGuard {
  const onExit = () => {
    leaf?.killOnce();
    try {
      leaf?.removeOnce();
    } catch {
      // The killed processes may not be gone yet: the next run removes the leaf.
    }
  };
  process.once('exit', onExit);
  return { release: () => process.off('exit', onExit) };
}

/** A target that starts cmemstat, and ends or disturbs it. */
import type { Random } from '../random.ts';
import type { FuzzHost } from './fuzz-host.ts';

/** How one run ended. */
export interface RunOutcome {
  /** Runs that ended alike are counted together: `SIGTERM: status 143`. */
  kind: string;
  /** What is wrong, one a line; empty if nothing is. */
  faults: string[];
}

/** Something that happens to runs of cmemstat. */
export interface ProcessTarget {
  name: string;
  /** For the list of targets. */
  about: string;
  /** Called once before the runs; what it returns is called after them. */
  setUp?: (host: FuzzHost) => () => void;
  runOnce(host: FuzzHost, random: Random): Promise<RunOutcome>;
}

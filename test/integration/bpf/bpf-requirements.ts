import { release } from 'node:os';
import type { TestContext } from 'vitest';
import { type Capability, readEffectiveCapabilities } from '#src/kernel/procfs/capabilities.ts';
import { isCi } from '../../ci.ts';
import { hasProgram } from '../../programs.ts';

/** Requirements of a test: capabilities, the first Linux release with a BPF feature, a tool. */
interface Needs {
  capabilities?: Capability[];
  /**
   * `major.minor`, and the feature. From that release on the test runs, and fails if the feature is missing.
   */
  since?: [version: string, feature: string];
  /** Missing in CI, it is a failure and not a skip. */
  tool?: string;
}

/** Skips a test whose requirements this host does not meet, with the reason. */
export function requires(context: TestContext, { capabilities = [], since, tool }: Needs): void {
  const effective = readEffectiveCapabilities();
  const missing = capabilities.filter((capability) => !effective.has(capability));
  if (missing.length > 0) context.skip(`${missing.join(' and ')} is missing`);
  if (since !== undefined && isOlder(release(), since[0])) {
    context.skip(`${since[1]} came with Linux ${since[0]}, this is ${release()}`);
  }
  if (tool === undefined || hasProgram(tool)) return;
  if (isCi()) throw new Error(`this host should have the program ${tool}`);
  context.skip(`${tool} is not installed`);
}

function isOlder(kernel: string, version: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [sinceMajor = 0, sinceMinor = 0] = version.split('.').map(Number);
  return major < sinceMajor || (major === sinceMajor && minor < sinceMinor);
}

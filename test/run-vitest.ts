/** Runs suites of vitest on this host. */
import { spawn } from 'node:child_process';
import { PROJECT } from './paths.ts';

/** How vitest is run. */
export interface VitestOptions {
  /** At the lowest priority; the output is printed after its end. */
  inBackground?: boolean;
  /** The program of the Node.js that runs it. */
  node?: string;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
}

/** How vitest ended. */
export interface VitestOutcome {
  /** Null if a signal ended it. */
  status: number | null;
  /** Standard output, and below it standard error. */
  output: string;
}

/**
 * Runs vitest with these arguments, and prints its output.
 * @throws Error if it cannot be started.
 */
export function runVitest(
  words: readonly string[],
  { inBackground = false, node = process.execPath, env, timeoutMs }: VitestOptions = {},
): Promise<VitestOutcome> {
  const priority = inBackground ? ['nice', '-n', '19'] : [];
  const [program = '', ...args] = [...priority, node, 'node_modules/vitest/vitest.mjs', 'run', ...words];
  const child = spawn(program, args, {
    cwd: PROJECT,
    env,
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: { to: NodeJS.WriteStream; chunk: Buffer }[] = [];
  const print = ({ to, chunk }: (typeof output)[number]) => void to.write(chunk);
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on('data', (chunk: Buffer) => {
      output.push({ to, chunk });
      if (!inBackground) print({ to, chunk });
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      if (inBackground) output.forEach(print);
      const [stdout, stderr] = [process.stdout, process.stderr].map((stream) =>
        // Together, because a character may be in two chunks.
        Buffer.concat(output.flatMap(({ to, chunk }) => (to === stream ? [chunk] : []))).toString(),
      );
      resolve({ status, output: `${stdout}\n${stderr}` });
    });
  });
}

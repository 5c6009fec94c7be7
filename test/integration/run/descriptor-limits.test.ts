/** Runs with few descriptors: they work, or are refused before anything is created. */
import { expect } from 'vitest';
import { BINARY, leavesOnHost, needsProgram, processesWith, start, testWith } from '../harness.ts';
import { shellQuote } from '../terminal.ts';

const limited = (limit: number, args: readonly string[]) => {
  const words = [process.execPath, BINARY, ...args].map(shellQuote).join(' ');
  return start('sh', ['-c', `ulimit -n ${limit}; exec ${words}`], { input: '' }).ended;
};

testWith([], 'with any limit of open files a run works, or one line names the limit', async () => {
  const results = new Set<number | null>();
  for (const limit of [22, 25, 28, 32, 40, 50, 60, 64, 68, 72, 80, 100]) {
    for (const options of [['-q'], ['--json', '--interval', '20ms', '--process-interval', '20ms']]) {
      const target = `0.2${limit}77`;
      const { status, stderr } = await limited(limit, [...options, '--', 'sleep', target]);
      results.add(status);
      if (status !== 0) {
        expect(status, stderr).toBe(125);
        expect(stderr).toMatch(
          /^cmemstat: the limit of open files is \d+, of which \d+ are in use; .*\(hint: .*\)\n$/,
        );
      }
      expect(processesWith(target)).toEqual([]);
      expect(leavesOnHost()).toEqual([]);
    }
  }
  expect(results).toEqual(new Set([0, 125]));
});

testWith(
  [needsProgram('python3')],
  'an inherited descriptor above the limit does not keep the target from being started',
  async () => {
    const high = `exec python3 -c 'import os, resource, sys
os.dup2(0, 190); os.set_inheritable(190, True)
resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))
os.execv(sys.argv[1], sys.argv[1:])'`;
    const words = [process.execPath, BINARY, '-q', '--', 'sh', '-c', 'exit 3'].map(shellQuote).join(' ');
    const { status, stderr } = await start('sh', ['-c', `${high} ${words}`], { input: '' }).ended;
    expect(status, stderr).toBe(3);
  },
);

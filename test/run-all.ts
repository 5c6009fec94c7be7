/** `npm test`: everything that this host can run, and by name what it can't; in CI nothing may be missing. */
import { spawn, spawnSync } from 'node:child_process';
import { countTests, type TestCounts } from './test-counts.ts';
import { GUEST_NAMES, runGuestSuites } from './vm/suites.ts';

/** What the virtual machines need, by package. */
const VM_PROGRAMS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  mmdebstrap: 'mmdebstrap',
};

const isCi = process.env.CI === 'true' || process.env.CI === '1';

async function vitest(project: string): Promise<TestCounts> {
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--project', project, '--reporter', 'verbose'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const counts = countTests(output);
  return code === 0 && counts.passed > 0 ? counts : { ...counts, failed: Math.max(1, counts.failed) };
}

async function guests(): Promise<TestCounts[]> {
  const missing = Object.entries(VM_PROGRAMS).filter(
    ([program]) => spawnSync('which', [program]).status !== 0,
  );
  if (missing.length === 0) return runGuestSuites(GUEST_NAMES);
  const packages = missing.map(([, name]) => name).join(' ');
  const names = missing.map(([program]) => program).join(', ');
  console.log(
    `\n${isCi ? 'FAILED' : 'skipped'}: the suites in virtual machines (${GUEST_NAMES.join(', ')}): ${names} not installed`,
  );
  console.log(`  hint: apt-get install -y --no-install-recommends ${packages}`);
  return [{ passed: 0, failed: isCi ? GUEST_NAMES.length : 0, skipped: isCi ? 0 : GUEST_NAMES.length }];
}

const results = [await vitest('unit*'), await vitest('integration'), ...(await guests())];
const sum = (key: keyof TestCounts) => results.reduce((total, counts) => total + counts[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = sum('failed') === 0 ? 0 : 1;

/**
 * `npm test`: everything that this host can run, and the names of what it cannot; in CI nothing may be
 * missing.
 */
import { isCi } from './ci.ts';
import { hasProgram } from './programs.ts';
import { runVitest, type VitestOptions } from './run-vitest.ts';
import { completeCounts, countTests, formatClosingLines, type SuiteCounts } from './test-counts.ts';
import { GUEST_NAMES, runGuestSuites } from './vm/suites.ts';

/** The requirements of the virtual machines, by package. */
const VM_PROGRAMS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  mmdebstrap: 'mmdebstrap',
};

/** Runs a suite of the host. */
async function vitest(suite: string, options: VitestOptions = {}): Promise<SuiteCounts> {
  const { status, output } = await runVitest(['--project', suite, '--reporter', 'verbose'], options);
  return { ...completeCounts(countTests(output), status), suite };
}

/** @param starts when each of the guests that run at a time may be started. */
async function guests(starts: readonly Promise<unknown>[]): Promise<SuiteCounts[]> {
  const missing = Object.entries(VM_PROGRAMS).filter(([program]) => !hasProgram(program));
  if (missing.length === 0) return runGuestSuites(GUEST_NAMES, [], starts);
  const packages = missing.map(([, name]) => name).join(' ');
  const names = missing.map(([program]) => program).join(', ');
  console.log(
    `\n${isCi() ? 'FAILED' : 'skipped'}: the suites in virtual machines (${GUEST_NAMES.join(', ')}): ${names} not installed`,
  );
  console.log(`  hint: apt-get install -y --no-install-recommends ${packages}`);
  const count = GUEST_NAMES.length;
  return [
    {
      suite: 'guests',
      passed: 0,
      failed: isCi() ? count : 0,
      skipped: isCi() ? 0 : count,
      retried: [],
      failures: [],
    },
  ];
}

// The tests of the host wait most of the time: the unit tests, and one guest after these, take what they
// leave of the processors.
const [onHost, units] = [vitest('integration'), vitest('unit*', { inBackground: true })];
const all = await Promise.all([onHost, units, guests([units, onHost])]);
const suites = all.flat();
console.log(`\n${formatClosingLines(suites).join('\n')}`);
process.exitCode = suites.every(({ failed }) => failed === 0) ? 0 : 1;

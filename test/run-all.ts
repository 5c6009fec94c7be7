/**
 * `npm test`: everything that this host can run, and the names of what it cannot; in CI nothing may be
 * missing.
 */
import { spawn } from 'node:child_process';
import { isCi } from './ci.ts';
import { hasProgram } from './programs.ts';
import { countTests, formatClosingLines, judgeRun, type SuiteCounts } from './test-counts.ts';
import { GUEST_NAMES, runGuestSuites } from './vm/suites.ts';

/** The requirements of the virtual machines, by package. */
const VM_PROGRAMS: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  mmdebstrap: 'mmdebstrap',
};

/** Runs a suite; in the background at the lowest priority, and its output is printed after its end. */
async function vitest(suite: string, inBackground = false): Promise<SuiteCounts> {
  const words = ['node_modules/vitest/vitest.mjs', 'run', '--project', suite, '--reporter', 'verbose'];
  const [program = '', ...args] = [...(inBackground ? ['nice', '-n', '19'] : []), process.execPath, ...words];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const output = { text: '' };
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output.text += chunk;
      if (!inBackground) process.stdout.write(chunk);
    });
    return output;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const output = `${stdout?.text ?? ''}\n${stderr?.text ?? ''}`;
  if (inBackground) process.stdout.write(output);
  return { ...judgeRun(countTests(output), code), suite };
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
const [onHost, units] = [vitest('integration'), vitest('unit*', true)];
const all = await Promise.all([onHost, units, guests([units, onHost])]);
const suites = all.flat();
console.log(`\n${formatClosingLines(suites).join('\n')}`);
process.exitCode = suites.every(({ failed }) => failed === 0) ? 0 : 1;

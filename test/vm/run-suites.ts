/** Command line of the VM suite: the integration tests in every guest, or in the named ones. */
import { GUEST_NAMES, runGuestSuites } from './suites.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

const words = process.argv.slice(2);
const named = words.filter((word) => GUEST_NAMES.includes(word));
const outcomes = await runGuestSuites(
  named.length === 0 ? GUEST_NAMES : named,
  words.filter((word) => !named.includes(word)),
);
process.exitCode = outcomes.every(({ failed }) => failed === 0) ? 0 : 1;

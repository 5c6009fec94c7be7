/** Requirements that only the guests with systemd meet. */
import { existsSync } from 'node:fs';
import { type Need, needs } from './harness.ts';

const guest = process.env.CMEMSTAT_VM_GUEST ?? '';

/** A virtual machine whose services and containers tests may start and end. */
export const needsSystemdGuest: Need = {
  what: 'a virtual machine with systemd and podman',
  has: guest.startsWith('systemd') && existsSync('/run/systemd/system'),
  expected: guest.startsWith('systemd'),
};

/** One in which the tests run as root. */
export const needsRootGuest: Need = { ...needs.root, expected: guest === 'systemd' };

/** For commands of systemd. */
export const MANAGER: readonly string[] = process.getuid?.() === 0 ? [] : ['--user'];

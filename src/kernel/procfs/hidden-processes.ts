import { readPseudoFile } from '../pseudo-file.ts';
import { readEffectiveCapabilities } from './capabilities.ts';
import { type Mount, parseMountinfo } from './mountinfo.ts';

/** The values of `hidepid` that hide nothing. */
const HIDES_NOTHING = ['hidepid=0', 'hidepid=off'];

/**
 * The option by which `/proc` hides the processes of other users, such as `hidepid=invisible`; undefined if
 * it hides none. Source: proc(5); Linux prints names in place of numbers since 5.8.
 */
export function findHidepid(mounts: readonly Mount[]): string | undefined {
  const proc = mounts.findLast(({ mountPoint, fsType }) => mountPoint === '/proc' && fsType === 'proc');
  return proc?.superOptions.find(
    (option) => option.startsWith('hidepid=') && !HIDES_NOTHING.includes(option),
  );
}

/**
 * Why processes of other users are not visible to this process, and what it takes to see them; undefined if
 * they are visible.
 * @throws KernelFileError.
 */
export function explainHiddenProcesses(): { reason: string; hint: string } | undefined {
  const path = '/proc/self/mountinfo';
  const option = findHidepid(parseMountinfo(readPseudoFile(path), path));
  if (option === undefined || readEffectiveCapabilities().has('CAP_SYS_PTRACE')) return undefined;
  return {
    reason: `those of other users are hidden (${option})`,
    hint: `/proc hides the processes of other users (${option}): run with sudo, or with CAP_SYS_PTRACE`,
  };
}

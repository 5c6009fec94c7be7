import { readFileSync } from 'node:fs';

/** How far the kernel keeps even root from its memory. */
export type Lockdown = 'none' | 'integrity' | 'confidentiality';

/**
 * The mode in `/sys/kernel/security/lockdown`: `none [integrity] confidentiality`. Undefined if no mode is
 * marked.
 * Source: kernel_lockdown(7); security/lockdown/lockdown.c.
 */
export function parseLockdown(text: string): Lockdown | undefined {
  const mode = /\[(none|integrity|confidentiality)\]/.exec(text)?.[1];
  return mode as Lockdown | undefined;
}

/**
 * The mode of this host; undefined if the kernel has none, or securityfs is not mounted. Since: Linux 5.4.
 */
export function readLockdown(path = '/sys/kernel/security/lockdown'): Lockdown | undefined {
  try {
    return parseLockdown(readFileSync(path, 'latin1'));
  } catch {
    return undefined;
  }
}

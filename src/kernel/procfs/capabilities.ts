import { readPseudoFile } from '../pseudo-file.ts';

/** Source: `include/uapi/linux/capability.h`; only those that cmemstat ever requests. */
export const CAPABILITY_BITS = {
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;

/** A capability by the kernel's name. */
export type Capability = keyof typeof CAPABILITY_BITS;

/**
 * The effective capabilities among those that cmemstat may need.
 *
 * The line in `/proc/<pid>/status` is a 64-bit mask in hexadecimal:
 *     CapEff:	000001fffeffffff
 * Source: proc_pid_status(5). Since: Linux 2.6.25; CAP_PERFMON and CAP_BPF since 5.8.
 */
export function parseEffectiveCapabilities(status: string): Set<Capability> {
  const digits = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1] ?? '0';
  const mask = BigInt(`0x${digits}`);
  const names = Object.keys(CAPABILITY_BITS) as Capability[];
  return new Set(names.filter((name) => (mask >> BigInt(CAPABILITY_BITS[name])) & 1n));
}

/**
 * The capabilities of this process; see {@link parseEffectiveCapabilities}.
 * @throws KernelFileError with the errno.
 */
export function readEffectiveCapabilities(): Set<Capability> {
  return parseEffectiveCapabilities(readPseudoFile('/proc/self/status'));
}

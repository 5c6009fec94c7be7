/** Drops privileges that this process does not need. */
import { errnoName } from '../../../errno.ts';
import { SyscallError } from '../../../errors.ts';
import { CAPABILITY_BITS } from '../../procfs/capabilities.ts';
import { type Libc, openLibc } from './libc.ts';

/** Also those that cmemstat never requires, but uses if it has them. */
const BITS = {
  ...CAPABILITY_BITS,
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_BIND_SERVICE: 10,
  CAP_SYS_RESOURCE: 24,
} as const;

/** A capability that can be kept, by the kernel's name. */
export type KeptCapability = keyof typeof BITS;

/** Source: `include/uapi/linux/capability.h`; two words of 32 bits for each set. Since: Linux 2.6.26. */
const CAPABILITY_VERSION_3 = 0x20080522;
/** Two entries of effective, permitted and inheritable words. */
const SET_WORDS = 6;

/** Source: `include/uapi/linux/prctl.h`. */
const PR_SET_NO_NEW_PRIVS = 38;

/** The effective, permitted and inheritable capabilities of a thread, as masks of bits. */
export interface CapabilitySets {
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
}

/** Converts the structure of capget(2). */
export function decodeCapabilities(words: Uint32Array): CapabilitySets {
  const at = (index: number) => BigInt(words[index] ?? 0) | (BigInt(words[index + 3] ?? 0) << 32n);
  return { effective: at(0), permitted: at(1), inheritable: at(2) };
}

/** The same structure for capset(2). */
export function encodeCapabilities({ effective, permitted, inheritable }: CapabilitySets): Uint32Array {
  const masks = [effective, permitted, inheritable];
  return Uint32Array.from([
    ...masks.map((mask) => Number(mask & 0xffff_ffffn)),
    ...masks.map((mask) => Number(mask >> 32n)),
  ]);
}

/** The mask of some capabilities. */
export function maskOf(capabilities: Iterable<KeptCapability>): bigint {
  let mask = 0n;
  for (const capability of capabilities) mask |= 1n << BigInt(BITS[capability]);
  return mask;
}

/**
 * Keeps only these capabilities, of those that this process has, in the calling thread and in threads that it
 * starts later. No program that it executes gains any; with `inherits` it has the same. Threads that exist,
 * such as those of V8, keep theirs: they run no JavaScript.
 *
 * Source: capabilities(7), capset(2), prctl(2). Since: Linux 3.5.
 * @throws SyscallError with the errno; UnsupportedError if koffi cannot be loaded.
 */
export async function keepCapabilities(
  kept: Iterable<KeptCapability>,
  { inherits = false } = {},
): Promise<void> {
  keepWith(await openLibc(), maskOf(kept), inherits);
}

function keepWith(libc: Pick<Libc, 'privileges'>, kept: bigint, inherits: boolean): void {
  const { capget, capset, prctl } = libc.privileges();
  // The second word is the thread; 0 for the calling one.
  const header = Uint32Array.of(CAPABILITY_VERSION_3, 0);
  const words = new Uint32Array(SET_WORDS);
  check('capget', capget(header, words));
  const { permitted, inheritable } = decodeCapabilities(words);
  check('prctl', prctl(PR_SET_NO_NEW_PRIVS, 1, 0));
  const left = permitted & kept;
  // What is not inheritable is no longer ambient, either.
  const sets = { effective: left, permitted: left, inheritable: inherits ? inheritable & left : 0n };
  check('capset', capset(header, encodeCapabilities(sets)));
}

function check(call: string, result: number): void {
  if (result < 0) throw new SyscallError(call, '', errnoName(-result));
}

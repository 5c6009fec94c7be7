import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { malformed } from '../number.ts';

/** The entry of the auxiliary vector that holds the page size. Source: include/uapi/linux/auxvec.h. */
const AT_PAGESZ = 6;

/**
 * The page size, from `/proc/self/auxv`: pairs of 64-bit words, a type and a value, terminated by type 0.
 * Unit: bytes. Source: proc_pid_auxv(5). All architectures that Node.js runs on with 64 bits are covered.
 * @throws KernelFileError if the entry is missing.
 */
export function parsePageSize(auxv: Buffer, path: string, littleEndian: boolean): number {
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    const type = littleEndian ? auxv.readBigUInt64LE(at) : auxv.readBigUInt64BE(at);
    if (type !== BigInt(AT_PAGESZ)) continue;
    return Number(littleEndian ? auxv.readBigUInt64LE(at + 8) : auxv.readBigUInt64BE(at + 8));
  }
  throw malformed(path, undefined, 'no AT_PAGESZ entry');
}

/** The page size of this host. Unit: bytes. @throws KernelFileError. */
export function readPageSize(): number {
  const path = '/proc/self/auxv';
  return parsePageSize(readFileSync(path), path, endianness() === 'LE');
}

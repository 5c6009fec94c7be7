import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { describeErrno, errnoOf, KernelFileError, PermissionError } from '../../errors.ts';

const ENTRY_BYTES = 8;
const PRESENT = 1n << 63n;
const FRAME_MASK = (1n << 55n) - 1n;

/**
 * The page frame of an address of this process; undefined if the page is not in memory.
 *
 * Source: Documentation/admin-guide/mm/pagemap.rst. Since: Linux 2.6.25. The kernel shows 0 without
 * CAP_SYS_ADMIN.
 * @throws PermissionError without CAP_SYS_ADMIN; KernelFileError.
 */
export function readFrameOf(
  address: bigint,
  pageSize: number,
  path = '/proc/self/pagemap',
): number | undefined {
  const entry = Buffer.alloc(ENTRY_BYTES);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, entry, 0, ENTRY_BYTES, Number(address / BigInt(pageSize)) * ENTRY_BYTES);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === 'EPERM' || errno === 'EACCES') throw frameDenied(error);
    throw new KernelFileError('read', path, `cannot read ${path}: ${describeErrno(errno)}`, {
      errno,
      cause: error,
    });
  }
  const value = endianness() === 'LE' ? entry.readBigUInt64LE() : entry.readBigUInt64BE();
  if ((value & PRESENT) === 0n) return undefined;
  const frame = Number(value & FRAME_MASK);
  if (frame === 0) throw frameDenied();
  return frame;
}

function frameDenied(cause?: unknown): PermissionError {
  return new PermissionError(
    'CAP_SYS_ADMIN',
    'cannot find the page array: /proc/self/pagemap shows page frames only with CAP_SYS_ADMIN',
    { hint: 'run cmemstat with sudo, or the container with --cap-add=SYS_ADMIN', cause },
  );
}

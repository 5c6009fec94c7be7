/** A page of our own whose frame is known: from it follows where the array of all pages is. */
import { closeSync, writeSync } from 'node:fs';
import { errnoName } from '../../../errno.ts';
import { SyscallError, UnsupportedError } from '../../../errors.ts';
import { readFrameOf } from '../../procfs/pagemap.ts';
import type { Libc } from '../sys/libc.ts';

/** An open file in memory with a single page, and the frame of that page. */
export interface KnownPage {
  fd: number;
  frame: number;
}

/** Source: `include/uapi/linux/memfd.h`, `include/uapi/asm-generic/mman.h`; the same where Node.js runs. */
const MFD_CLOEXEC = 1;
const PROT_READ = 1;
const MAP_SHARED = 1;
const MAP_POPULATE = 0x8000;

/**
 * Creates the page, and hands it to `use`; it exists no longer than that.
 *
 * Source: memfd_create(2), mmap(2), `/proc/self/pagemap`. Since: Linux 4.0. Needs CAP_SYS_ADMIN.
 * @throws PermissionError, UnsupportedError, SyscallError, KernelFileError; any error of `use`.
 */
export function withKnownPage<T>(
  libc: Pick<Libc, 'memory'>,
  pageSize: number,
  use: (page: KnownPage) => T,
): T {
  const { memfdCreate, mmap, munmap } = libc.memory();
  const fd = memfdCreate('cmemstat', MFD_CLOEXEC);
  if (fd < 0) throw new SyscallError('memfd_create', '', errnoName(-fd));
  try {
    writeSync(fd, Buffer.alloc(pageSize, 1));
    const address = mmap(pageSize, PROT_READ, MAP_SHARED | MAP_POPULATE, fd);
    if (address < 0n) throw new SyscallError('mmap', '', errnoName(Number(-address)));
    try {
      const frame = readFrameOf(address, pageSize);
      if (frame === undefined) {
        throw new UnsupportedError('page scan', 'a page of our own is not in memory after it was mapped');
      }
      return use({ fd, frame });
    } finally {
      munmap(address, pageSize);
    }
  } finally {
    closeSync(fd);
  }
}

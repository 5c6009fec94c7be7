/** The only module that knows koffi: the few functions of the C library that Node has no binding for. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import manifest from '../../../../package.json' with { type: 'json' };
import { errnoName } from '../../../errno.ts';
import { SyscallError, UnsupportedError } from '../../../errors.ts';

/** The functions of the C library that cmemstat calls. */
export interface Libc {
  /**
   * syscall(2) with three arguments: a command, a structure and its size.
   * The result, or the errno as a negative number.
   */
  syscall(number: number, command: number, structure: Uint8Array, size: number): number;
  /** eventfd(2). The new file descriptor, or the errno as a negative number. */
  eventfd(initial: number, flags: number): number;
  /**
   * prlimit(2) of this process: sets a limit, reads it, or both; each is two numbers of the size of a long,
   * soft and hard. 0, or the errno as a negative number.
   */
  prlimit(resource: number, newLimit: Uint8Array | null, oldLimit: Uint8Array | null): number;
  /**
   * Where the bytes of a buffer are, for structures that hold pointers. The buffer must be kept alive, and in
   * view of the garbage collector, until the kernel is done with it.
   */
  address(buffer: Uint8Array): bigint;
}

let libc: Promise<Libc> | undefined;

/**
 * The C library. koffi is loaded with the first call only: that takes 3 ms, which a run without BPF need not
 * spend.
 * @throws UnsupportedError where koffi has no build for this platform, or was not installed.
 */
export function openLibc(): Promise<Libc> {
  libc ??= load();
  return libc;
}

async function load(): Promise<Libc> {
  const koffi = await loadKoffi().catch((cause: unknown) => {
    throw new UnsupportedError('koffi', `cannot load koffi on ${process.platform}-${process.arch}`, {
      hint: 'reinstall cmemstat without --omit=optional, so that npm installs the build of koffi for this platform',
      cause,
    });
  });
  const library = koffi.load(null);
  const syscall = library.func('long syscall(long number, int command, void *structure, unsigned int size)');
  const eventfd = library.func('int eventfd(unsigned int initial, int flags)');
  const prlimit = library.func('int prlimit(int pid, int resource, void *newLimit, void *oldLimit)');
  // errno is only valid right after a failure: anything else that Node does in between may overwrite it.
  const resultOrErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);
  return {
    syscall: (number, command, structure, size) => resultOrErrno(syscall(number, command, structure, size)),
    eventfd: (initial, flags) => resultOrErrno(eventfd(initial, flags)),
    prlimit: (resource, newLimit, oldLimit) => resultOrErrno(prlimit(0, resource, newLimit, oldLimit)),
    address: (buffer) => koffi.address(buffer),
  };
}

type Koffi = Pick<typeof import('koffi'), 'load' | 'errno' | 'address' | 'version'>;

const MUSL: Readonly<Record<string, string>> = { x64: 'ld-musl-x86_64.so.1', arm64: 'ld-musl-aarch64.so.1' };

/**
 * koffi, by its native part alone where that is where npm puts it: what is around it loads the modules `util`
 * and `worker_threads` of Node.js, and looking up the path takes as long again; together five times as long.
 */
async function loadKoffi(): Promise<Koffi> {
  return loadNativeKoffi() ?? (await import('koffi'));
}

function loadNativeKoffi(): Koffi | undefined {
  const { arch } = process;
  // Where there is another C library koffi has to find out which one Node.js uses.
  if (MUSL[arch] === undefined || existsSync(`/lib/${MUSL[arch]}`)) return undefined;
  const program = dirname(import.meta.dirname ?? '');
  for (const directory of [join(program, 'node_modules'), dirname(program)]) {
    const native = { exports: {} as Koffi };
    try {
      process.dlopen(native, join(directory, `@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`));
    } catch {
      continue;
    }
    if (native.exports.version === manifest.dependencies.koffi) return native.exports;
  }
  return undefined;
}

/** Source: `include/uapi/linux/eventfd.h`; the same bit as O_CLOEXEC on all our architectures. */
const EFD_CLOEXEC = 0o2000000;

/**
 * A new eventfd: a read of it waits until something was written to it; close it with `fs.closeSync`.
 *
 * Source: eventfd(2). Since: Linux 2.6.22.
 * @throws SyscallError with the errno, UnsupportedError where koffi can't be loaded.
 */
export async function createEventFd(): Promise<number> {
  const { eventfd } = await openLibc();
  const fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) throw new SyscallError('eventfd', '', errnoName(-fd));
  return fd;
}

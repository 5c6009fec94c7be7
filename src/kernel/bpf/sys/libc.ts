/** The only module that uses koffi: C library functions that Node does not provide. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import manifest from '../../../../package.json' with { type: 'json' };
import { errnoName } from '../../../errno.ts';
import { missingPackageError, SyscallError, UnsupportedError } from '../../../errors.ts';
import { isInExecutable } from '../../files/program-files.ts';

/** The C library functions that cmemstat calls. */
export interface Libc {
  /**
   * syscall(2) with three arguments: a command, a structure and its size.
   * Returns the result, or the negated errno.
   */
  syscall(number: number, command: number, structure: Uint8Array, size: number): number;
  /** eventfd(2). Returns the new file descriptor, or the negated errno. */
  eventfd(initial: number, flags: number): number;
  /** pipe2(2): fills in the descriptors of both ends. Returns 0 or the negated errno. */
  pipe2(ends: Int32Array, flags: number): number;
  /**
   * prlimit(2) of this process: sets a limit, reads it, or both; each limit is two longs, soft and hard.
   * Returns 0 or the negated errno.
   */
  prlimit(resource: number, newLimit: Uint8Array | null, oldLimit: Uint8Array | null): number;
  /** socketpair(2): fills in the descriptors of both ends. Returns 0 or the negated errno. */
  socketpair(domain: number, type: number, protocol: number, ends: Int32Array): number;
  /** recv(2). Returns the number of bytes, or the negated errno. */
  recv(fd: number, bytes: Uint8Array, size: number, flags: number): number;
  /** fcntl(2) with a number. Returns the result, or the negated errno. */
  fcntl(fd: number, command: number, argument: number): number;
  /** waitpid(2). Returns the pid, 0 if WNOHANG is set and the process is running, or the negated errno. */
  waitpid(pid: number, status: Int32Array, options: number): number;
  /**
   * posix_spawn(3): fills in the pid; `words` and `variables` are arrays of pointers that end in 0. Returns 0
   * or the errno.
   */
  posixSpawn(
    pid: Int32Array,
    path: string,
    actions: Uint8Array,
    words: BigUint64Array,
    variables: BigUint64Array,
  ): number;
  /** The file actions of posix_spawn(3): each returns 0 or the errno. */
  fileActions: {
    init(actions: Uint8Array): number;
    addDup2(actions: Uint8Array, from: number, to: number): number;
    addClose(actions: Uint8Array, fd: number): number;
    destroy(actions: Uint8Array): number;
  };
  /**
   * getrusage(2): fills in two times and 14 numbers, each of one or two longs. Returns 0 or the negated
   * errno.
   */
  getrusage(who: number, usage: Uint8Array): number;
  /** The calls about memory; looked up when they are first requested, because few commands need them. */
  memory(): MemoryCalls;
  /** The calls about privileges; looked up as those about memory. */
  privileges(): PrivilegeCalls;
  /**
   * The address of a buffer, for structures with pointers. The buffer must stay reachable for the garbage
   * collector until the kernel is done with it.
   */
  address(buffer: Uint8Array): bigint;
}

/** Calls of the C library about memory. */
export interface MemoryCalls {
  /** memfd_create(2). Returns the new file descriptor, or the negated errno. Since: Linux 3.17. */
  memfdCreate(name: string, flags: number): number;
  /** mmap(2) of a file from its start. Returns the address, or the negated errno. */
  mmap(length: number, protection: number, flags: number, fd: number): bigint;
  /** munmap(2). Returns 0 or the negated errno. */
  munmap(address: bigint, length: number): number;
  /** mincore(2): a byte for each page. Returns 0 or the negated errno. */
  mincore(address: bigint, length: number, pages: Uint8Array): number;
  /**
   * cachestat(2) by its number, 451 on all architectures. Returns 0 or the negated errno. Since: Linux 6.5.
   */
  cachestat(fd: number, range: Uint8Array, statistics: Uint8Array): number;
}

/** Calls of the C library about the privileges of the calling thread. */
export interface PrivilegeCalls {
  /** capget(2): fills in the sets of a thread. Returns 0 or the negated errno. */
  capget(header: Uint32Array, sets: Uint32Array): number;
  /** capset(2). Returns 0 or the negated errno. */
  capset(header: Uint32Array, sets: Uint32Array): number;
  /** prctl(2) with numbers. Returns the result, or the negated errno. */
  prctl(option: number, second: number, third: number): number;
}

let libc: Promise<Libc> | undefined;

/**
 * The C library. koffi is loaded on the first call: it takes 3 ms, which a run without BPF can avoid.
 * @throws UnsupportedError if koffi has no build for this platform or is not installed.
 */
export function openLibc(): Promise<Libc> {
  libc ??= load();
  return libc;
}

async function load(): Promise<Libc> {
  const koffi = await loadKoffi().catch((cause: unknown) => {
    throw explainLoadFailure(cause);
  });
  const library = koffi.load(null);
  const syscall = library.func('long syscall(long number, int command, void *structure, unsigned int size)');
  const eventfd = library.func('int eventfd(unsigned int initial, int flags)');
  const pipe2 = library.func('int pipe2(_Out_ int *ends, int flags)');
  const prlimit = library.func('int prlimit(int pid, int resource, void *newLimit, void *oldLimit)');
  const socketpair = library.func('int socketpair(int domain, int type, int protocol, _Out_ int *ends)');
  const recv = library.func('long recv(int fd, void *bytes, size_t size, int flags)');
  const fcntl = library.func('int fcntl(int fd, int command, ...)');
  const waitpid = library.func('int waitpid(int pid, _Out_ int *status, int options)');
  const spawn = library.func(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attributes, void *words, void *variables)',
  );
  const action = (name: string, more = '') =>
    library.func(`int posix_spawn_file_actions_${name}(void *actions${more})`);
  const getrusage = library.func('int getrusage(int who, void *usage)');
  // errno is only valid right after a failure: other work of Node may overwrite it.
  const resultOrErrno = (result: number): number => (result < 0 ? -koffi.errno() : result);
  let memory: MemoryCalls | undefined;
  const loadMemory = (): MemoryCalls => {
    const memfd = library.func('int memfd_create(const char *name, unsigned int flags)');
    const mmap = library.func(
      'int64_t mmap(void *place, size_t length, int protection, int flags, int fd, int64_t offset)',
    );
    const munmap = library.func('int munmap(int64_t address, size_t length)');
    const mincore = library.func('int mincore(int64_t address, size_t length, void *pages)');
    const cachestat = library.func(
      'long syscall(long number, unsigned int fd, void *range, void *statistics, unsigned int flags)',
    );
    return {
      memfdCreate: (name, flags) => resultOrErrno(memfd(name, flags)),
      mmap: (length, protection, flags, fd) => {
        const address = BigInt(mmap(null, length, protection, flags, fd, 0));
        return address === -1n ? BigInt(-koffi.errno()) : address;
      },
      munmap: (address, length) => resultOrErrno(munmap(address, length)),
      mincore: (address, length, pages) => resultOrErrno(mincore(address, length, pages)),
      cachestat: (fd, range, statistics) => resultOrErrno(cachestat(CACHESTAT, fd, range, statistics, 0)),
    };
  };
  let privileges: PrivilegeCalls | undefined;
  const loadPrivileges = (): PrivilegeCalls => {
    const capget = library.func('int capget(void *header, void *sets)');
    const capset = library.func('int capset(void *header, void *sets)');
    const prctl = library.func(
      'int prctl(int option, unsigned long second, unsigned long third, unsigned long fourth, unsigned long fifth)',
    );
    return {
      capget: (header, sets) => resultOrErrno(capget(header, sets)),
      capset: (header, sets) => resultOrErrno(capset(header, sets)),
      prctl: (option, second, third) => resultOrErrno(prctl(option, second, third, 0, 0)),
    };
  };
  return {
    syscall: (number, command, structure, size) => resultOrErrno(syscall(number, command, structure, size)),
    eventfd: (initial, flags) => resultOrErrno(eventfd(initial, flags)),
    pipe2: (ends, flags) => resultOrErrno(pipe2(ends, flags)),
    prlimit: (resource, newLimit, oldLimit) => resultOrErrno(prlimit(0, resource, newLimit, oldLimit)),
    socketpair: (domain, type, protocol, ends) => resultOrErrno(socketpair(domain, type, protocol, ends)),
    recv: (fd, bytes, size, flags) => resultOrErrno(recv(fd, bytes, size, flags)),
    fcntl: (fd, command, argument) => resultOrErrno(fcntl(fd, command, 'int', argument)),
    waitpid: (pid, status, options) => resultOrErrno(waitpid(pid, status, options)),
    posixSpawn: (pid, path, actions, words, variables) => spawn(pid, path, actions, null, words, variables),
    fileActions: {
      init: action('init'),
      addDup2: action('adddup2', ', int from, int to'),
      addClose: action('addclose', ', int fd'),
      destroy: action('destroy'),
    },
    getrusage: (who, usage) => resultOrErrno(getrusage(who, usage)),
    memory: () => {
      memory ??= loadMemory();
      return memory;
    },
    privileges: () => {
      privileges ??= loadPrivileges();
      return privileges;
    },
    address: (buffer) => koffi.address(buffer),
  };
}

/** Source: the kernel's `syscall.tbl` files; calls since 424 have the same number on all architectures. */
const CACHESTAT = 451;

/** The error if koffi cannot be loaded: it is not installed, or only without its part for this platform. */
function explainLoadFailure(cause: unknown): UnsupportedError {
  return (
    missingPackageError(cause) ??
    new UnsupportedError('koffi', `cannot load koffi on ${process.platform}-${process.arch}`, {
      hint: 'reinstall cmemstat without --omit=optional, so that npm installs the build of koffi for this platform',
      cause,
    })
  );
}

type Koffi = Pick<typeof import('koffi'), 'load' | 'errno' | 'address' | 'version'>;

const MUSL: Readonly<Record<string, string>> = { x64: 'ld-musl-x86_64.so.1', arm64: 'ld-musl-aarch64.so.1' };

/**
 * Loads only the native part of koffi if npm installed it at the usual path: its JavaScript wrapper loads the
 * modules `util` and `worker_threads` of Node.js, and resolving the path takes about as long; together the
 * wrapper is five times slower. An executable has it inside, as what `import` finds.
 */
async function loadKoffi(): Promise<Koffi> {
  return loadNativeKoffi() ?? (await import('koffi'));
}

let nativeFile: string | undefined;

/**
 * The file of the native part of koffi, which another process can load by itself; undefined if `openLibc` has
 * not loaded it.
 */
export function nativeKoffiFile(): string | undefined {
  return nativeFile;
}

function loadNativeKoffi(): Koffi | undefined {
  const { arch } = process;
  if (isInExecutable(import.meta.filename ?? '')) return undefined;
  // With another C library, koffi must detect which one Node.js uses.
  if (MUSL[arch] === undefined || existsSync(`/lib/${MUSL[arch]}`)) return undefined;
  const program = dirname(import.meta.dirname ?? '');
  for (const directory of [join(program, 'node_modules'), dirname(program)]) {
    const native = { exports: {} as Koffi };
    const file = join(directory, `@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`);
    try {
      process.dlopen(native, file);
    } catch {
      continue;
    }
    if (native.exports.version !== manifest.dependencies.koffi) continue;
    nativeFile = file;
    return native.exports;
  }
  return undefined;
}

/** Source: `include/uapi/linux/eventfd.h`; the same bit as O_CLOEXEC on all our architectures. */
const EFD_CLOEXEC = 0o2000000;

/**
 * Creates an eventfd. A read blocks until something is written; close it with `fs.closeSync`.
 *
 * Source: eventfd(2). Since: Linux 2.6.22.
 * @throws SyscallError with the errno, UnsupportedError if koffi cannot be loaded.
 */
export async function createEventFd(): Promise<number> {
  const { eventfd } = await openLibc();
  const fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) throw new SyscallError('eventfd', '', errnoName(-fd));
  return fd;
}

/** Source: `include/uapi/asm-generic/fcntl.h`; the same bit on all our architectures. */
const O_CLOEXEC = 0o2000000;

/**
 * Creates a pipe: what Node.js calls a pipe is a pair of sockets, which cannot be opened again through
 * /dev/stderr.
 *
 * Source: pipe(2). Since: Linux 2.6.27.
 * @throws SyscallError with the errno.
 */
export function createPipe({ pipe2 }: Libc): { read: number; write: number } {
  const ends = new Int32Array(2);
  const result = pipe2(ends, O_CLOEXEC);
  if (result < 0) throw new SyscallError('pipe2', '', errnoName(-result));
  const [read = -1, write = -1] = ends;
  return { read, write };
}

/** Source: `include/uapi/linux/resource.h`. */
const RUSAGE_CHILDREN = -1;

/** The size of `struct rusage` where a long has 8 bytes. Unit: bytes. */
const RUSAGE_BYTES = 144;

/**
 * The CPU time in user and kernel mode of all children that have been waited for, with those that they have
 * waited for. Undefined if koffi has no build for this platform, or a long has 4 bytes.
 *
 * Source: getrusage(2). Unit: microseconds.
 */
export async function readChildUsage(): Promise<{ user: number; system: number } | undefined> {
  if (process.arch === 'arm' || process.arch === 'ia32') return undefined;
  let libc: Libc;
  try {
    libc = await openLibc();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
  const usage = new Uint8Array(RUSAGE_BYTES);
  if (libc.getrusage(RUSAGE_CHILDREN, usage) < 0) return undefined;
  const [userSeconds = 0n, userMicros = 0n, seconds = 0n, micros = 0n] = new BigInt64Array(usage.buffer);
  return {
    user: Number(userSeconds * 1_000_000n + userMicros),
    system: Number(seconds * 1_000_000n + micros),
  };
}

/**
 * Holds memory of every kind that a cgroup is charged for, prints one line of JSON with what it holds, and
 * sleeps: hold-everything.mjs FOLDER TMPFS
 */
import { spawn } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const [folder, tmpfs] = process.argv.slice(2);

const libc = koffi.load('libc.so.6');
const mmap = libc.func('void *mmap(void *, size_t, int, int, int, long)');
const madvise = libc.func('int madvise(void *, size_t, int)');
const memset = libc.func('void *memset(void *, int, size_t)');
const memcpy = libc.func('void *memcpy(void *, void *, size_t)');
const memfdCreate = libc.func('int memfd_create(const char *, unsigned int)');
const ftruncate = libc.func('int ftruncate(int, long)');
const shmget = libc.func('int shmget(int, size_t, int)');
const shmat = libc.func('void *shmat(int, void *, int)');
const shmctl = libc.func('int shmctl(int, int, void *)');
const pipe2 = libc.func('int pipe2(_Out_ int *, int)');
const socketpair = libc.func('int socketpair(int, int, int, _Out_ int *)');
const write = libc.func('long write(int, void *, size_t)');
const syscall = libc.func('long syscall(long, int, void *, unsigned int)');
const threadCreate = libc.func('int pthread_create(void *, void *, void *, void *)');
// A start routine that does not return: it ignores its argument, as pause(2) has none.
const pause = koffi.address(libc.symbol('pause', 'void'));

const [PROT_READ, PROT_WRITE, MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE] = [
  1, 2, 1, 2, 0x20, 0x4000,
];
const [MADV_HUGEPAGE, MADV_NOHUGEPAGE] = [14, 15];
const [AF_UNIX, SOCK_STREAM, O_NONBLOCK, IPC_RMID] = [1, 1, 0o4000, 0];

function check(status, what) {
  if (status < 0) throw new Error(`${what} failed`);
  return status;
}
const at = (memory, offset) => koffi.address(memory) + BigInt(offset);

/** Memory of this process. */
function mapAnonymous(size, advice) {
  const memory = mmap(null, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(memory, size, advice);
  memset(memory, 1, size);
}

function mapFile(fd, size) {
  check(ftruncate(fd, size), 'ftruncate');
  memset(mmap(null, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 1, size);
}

function writeFile(path, size) {
  const fd = openSync(path, 'w+');
  for (let written = 0; written < size; written += MIB)
    writeSync(fd, Buffer.alloc(Math.min(MIB, size - written), 7));
  return fd;
}

const held = { anonBytes: 32 * MIB, hugeBytes: 16 * MIB };
mapAnonymous(held.anonBytes, MADV_NOHUGEPAGE);
// Whatever the start of the mapping, it has as many aligned ones.
mapAnonymous(held.hugeBytes + 2 * MIB, MADV_HUGEPAGE);
const script = (mib) =>
  `const held = Buffer.alloc(${mib} * ${MIB}, 1); console.log('ready'); process.stdin.resume(); held.length`;
held.children = [];
for (const mib of [16, 8]) {
  const child = spawn(process.execPath, ['-e', script(mib)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  held.children.push({ pid: child.pid, bytes: mib * MIB });
}

held.file = { path: join(folder, 'read.dat'), bytes: 100 * MIB };
const file = writeFile(held.file.path, held.file.bytes);
fsyncSync(file);
closeSync(file);
readFileSync(held.file.path);
held.tmpfs = { path: join(tmpfs, 'held.dat'), bytes: 40 * MIB };
closeSync(writeFile(held.tmpfs.path, held.tmpfs.bytes));
held.deleted = { path: join(folder, 'deleted.dat'), bytes: 3 * MIB };
writeFile(held.deleted.path, held.deleted.bytes);
rmSync(held.deleted.path);

held.memfd = { name: 'frames', bytes: 6 * MIB };
mapFile(check(memfdCreate(held.memfd.name, 0), 'memfd_create'), held.memfd.bytes);
const segment = check(shmget(0, 4 * MIB, 0o600), 'shmget');
held.segment = { id: segment, bytes: 4 * MIB };
memset(shmat(segment, null, 0), 1, held.segment.bytes);
// Goes when the last process detaches it.
shmctl(segment, IPC_RMID, null);

held.directories = 20_000;
for (let index = 0; index < held.directories; index++) mkdirSync(join(tmpfs, `d${index}`));

const data = Buffer.alloc(64 * KIB, 'x');
held.sockets = { count: 500, bytes: 0 };
for (let index = 0; index < held.sockets.count; index++) {
  const ends = [0, 0];
  check(socketpair(AF_UNIX, SOCK_STREAM | O_NONBLOCK, 0, ends), 'socketpair');
  held.sockets.bytes += check(write(ends[0], data, 16 * KIB), 'write');
}
held.pipes = { count: 200, bytes: 0 };
for (let index = 0; index < held.pipes.count; index++) {
  const ends = [0, 0];
  check(pipe2(ends, O_NONBLOCK), 'pipe2');
  held.pipes.bytes += check(write(ends[1], data, data.length), 'write');
}

// Reading maps the page of zeros: page tables alone are charged.
const sparse = mmap(null, 100 * GIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
madvise(sparse, 100 * GIB, MADV_NOHUGEPAGE);
held.pageTables = { count: 2000, bytes: 2000 * 4096 };
const byte = Buffer.alloc(1);
for (let index = 0; index < held.pageTables.count; index++) {
  memcpy(byte, at(sparse, Math.floor((100 * GIB) / held.pageTables.count) * index), 1);
}

held.threads = 300;
for (let index = 0; index < held.threads; index++) {
  check(-threadCreate(Buffer.alloc(8), null, pause, null), 'pthread_create');
}

held.maps = createMaps();
console.log(JSON.stringify(held));
setTimeout(() => {}, 1_800_000);

/** A map of each type that needs no other object; the names of those that this kernel has. */
function createMaps() {
  const numbers = { x64: 321, arm64: 280 };
  const [NO_PREALLOC] = [1];
  const types = {
    hash: [1, 4, 64, 10_000],
    array: [2, 4, 64, 10_000],
    prog_array: [3, 4, 4, 10_000],
    perf_array: [4, 4, 4, 1000],
    percpu_hash: [5, 4, 64, 2000],
    percpu_array: [6, 4, 64, 2000],
    stack_trace: [7, 4, 64, 1000],
    cgroup_array: [8, 4, 4, 1000],
    lru_hash: [9, 4, 64, 10_000],
    lru_percpu: [10, 4, 64, 2000],
    lpm_trie: [11, 8, 64, 1000, NO_PREALLOC],
    devmap: [14, 4, 4, 1000],
    sockmap: [15, 4, 4, 1000],
    xskmap: [17, 4, 4, 1000],
    sockhash: [18, 4, 4, 1000],
    queue: [22, 0, 64, 1000],
    stack: [23, 0, 64, 1000],
    ringbuf: [27, 0, 0, 256 * KIB],
    bloom: [30, 0, 4, 10_000],
    user_ringbuf: [31, 0, 0, 256 * KIB],
  };
  const made = [];
  for (const [name, [type, key, value, entries, flags = 0]] of Object.entries(types)) {
    // union bpf_attr of BPF_MAP_CREATE: map_type, key_size, value_size, max_entries and map_flags; map_name
    // at 28.
    const attr = Buffer.alloc(72);
    for (const [index, word] of [type, key, value, entries, flags].entries())
      attr.writeUInt32LE(word, index * 4);
    attr.write(`all_${name}`.slice(0, 15), 28, 15, 'latin1');
    if (syscall(numbers[process.arch], 0, attr, attr.length) >= 0) made.push(`all_${name}`.slice(0, 15));
  }
  return made;
}

// The process whose memory the fixtures show. Plain JavaScript: a loader would be a second process in its
// cgroup.

import { closeSync, openSync, readdirSync, readSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const MIB = 1024 * 1024;
const ANON_BYTES = 16 * MIB;
const SHMEM_BYTES = 4 * MIB;
const FILE_BYTES = 64 * MIB;
const FILE_BYTES_AGAIN = 24 * MIB;
const SCRATCH_BYTES = 8 * MIB;
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';

const SYS_BPF_X86_64 = 321;
const BPF_MAP_CREATE = 0;
const BPF_PROG_LOAD = 5;
const BPF_PROG_TYPE_SOCKET_FILTER = 1;

/** The types of linux/bpf.h, with definitions that are large enough to be visible. */
const MAPS = {
  'map-hash': { type: 1, keySize: 4, valueSize: 64, maxEntries: 10_000 },
  'map-array': { type: 2, keySize: 4, valueSize: 64, maxEntries: 10_000 },
  'map-array-tiny': { type: 2, keySize: 4, valueSize: 4, maxEntries: 1 },
  'map-percpu-array': { type: 6, keySize: 4, valueSize: 64, maxEntries: 256 },
  'map-lru-hash': { type: 9, keySize: 4, valueSize: 64, maxEntries: 10_000 },
  'map-ringbuf': { type: 27, keySize: 0, valueSize: 0, maxEntries: 65_536 },
};

const scratchFile = process.argv[2];

const koffi = createRequire(import.meta.url)('koffi');
const syscall = koffi.load('libc.so.6').func('long syscall(long, int, void*, unsigned int)');

function bpf(command, attributes) {
  const result = Number(syscall(SYS_BPF_X86_64, command, attributes, attributes.length));
  if (result < 0) throw new Error(`bpf command ${command}: errno ${koffi.errno()}`);
  return result;
}

function createMap(name, { type, keySize, valueSize, maxEntries }) {
  const attributes = Buffer.alloc(72);
  attributes.writeUInt32LE(type, 0);
  attributes.writeUInt32LE(keySize, 4);
  attributes.writeUInt32LE(valueSize, 8);
  attributes.writeUInt32LE(maxEntries, 12);
  attributes.write(name.replaceAll('-', '_').slice(0, 15), 28);
  return bpf(BPF_MAP_CREATE, attributes);
}

function loadProgram() {
  // r0 = 0; exit
  const instructions = Buffer.from('b7000000000000009500000000000000', 'hex');
  const license = Buffer.from('GPL\0');
  const attributes = Buffer.alloc(72);
  attributes.writeUInt32LE(BPF_PROG_TYPE_SOCKET_FILTER, 0);
  attributes.writeUInt32LE(instructions.length / 8, 4);
  attributes.writeBigUInt64LE(BigInt(koffi.address(instructions)), 8);
  attributes.writeBigUInt64LE(BigInt(koffi.address(license)), 16);
  return bpf(BPF_PROG_LOAD, attributes);
}

function readLibraries(bytes) {
  const buffer = Buffer.alloc(MIB);
  let total = 0;
  for (const name of readdirSync(LIBRARIES).sort()) {
    const file = path.join(LIBRARIES, name);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    const fd = openSync(file, 'r');
    for (let length = -1; length !== 0 && total < bytes; total += length) length = readSync(fd, buffer);
    closeSync(fd);
  }
}

function useFiles(bytes) {
  readLibraries(bytes);
  // If the libraries are in the page cache already, only its own file is charged to this process.
  if (scratchFile !== undefined) writeFileSync(scratchFile, Buffer.alloc(SCRATCH_BYTES, 1));
  writeFileSync('/dev/shm/cmemstat-fixture', Buffer.alloc(SHMEM_BYTES, 1));
}

useFiles(FILE_BYTES);
const anon = Buffer.alloc(ANON_BYTES, 1);
const fds = Object.fromEntries(Object.entries(MAPS).map(([name, spec]) => [name, createMap(name, spec)]));
fds['prog-socket-filter'] = loadProgram();
fds['regular-file'] = openSync('/proc/self/exe', 'r');
process.stdout.write(`${JSON.stringify(fds)}\n`);

// A line reads the file again, whose page cache an OOM kill in this cgroup has dropped; the end of stdin ends
// the process.
process.stdin.on('data', () => {
  useFiles(FILE_BYTES_AGAIN);
  process.stdout.write('{}\n');
});
process.stdin.on('end', () => {
  closeSync(fds['regular-file']);
  process.exit(anon.length === ANON_BYTES ? 0 : 1);
});

#!/usr/bin/env node
// A small eBPF agent to try cmemstat on: it uses memory in all ways that are typical of such agents.
//
//     sudo cmemstat -- node examples/agent.mjs --duration 5s
//
// - four BPF maps: a hash (preallocated: it takes 14 MB on creation), a percpu array (charged to no cgroup),
//   a ring buffer, and a hash that is never used;
// - one BPF program, a socket filter that looks up a key in the first hash;
// - a heap that grows and shrinks in waves, a worker process with its own heap, and files that fill the page
//   cache.
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `usage: node agent.mjs [--duration 5s] [--no-bpf]

  --duration N   how long it runs, in seconds (default 10)
  --no-bpf       leave BPF alone
  --help         this text`;

const MIB = 1024 * 1024;
const log = (text) => console.log(`agent[${process.pid}]: ${text}`);

// ---- BPF: bpf(2) through the C library's syscall(), since Node has no binding for it ----

const BPF_MAP_CREATE = 0;
const BPF_MAP_UPDATE_ELEM = 2;
const BPF_PROG_LOAD = 5;
const BPF_NUMBERS = { x64: 321, arm64: 280, riscv64: 280, loong64: 280, ppc64: 361, s390x: 351 };
const MAP_TYPES = { hash: 1, percpu_array: 6, ringbuf: 27 };
const little = endianness() === 'LE';

/** A structure of the kernel from [offset, bits, value] triples, in this host's byte order. */
function structure(size, fields) {
  const bytes = Buffer.alloc(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  for (const [offset, bits, value] of fields) {
    if (bits === 32) view.setUint32(offset, value, little);
    else view.setBigUint64(offset, value, little);
  }
  return bytes;
}

/** One instruction of 8 bytes. Two registers share a byte: on little-endian hosts `dst` is its lower half. */
function instruction(opcode, { dst = 0, src = 0, offset = 0, imm = 0 } = {}) {
  const bytes = Buffer.alloc(8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  view.setUint8(0, opcode);
  view.setUint8(1, little ? (src << 4) | dst : (dst << 4) | src);
  view.setInt16(2, offset, little);
  view.setInt32(4, imm, little);
  return bytes;
}

async function openBpf() {
  const koffi = await import('koffi');
  const number = BPF_NUMBERS[process.arch];
  if (number === undefined) throw new Error(`the number of bpf(2) on ${process.arch} is unknown`);
  const syscall = koffi.load(null).func('long syscall(long, int, void *, unsigned int)');
  const call = (command, attr) => {
    const result = syscall(number, command, attr, attr.length);
    if (result < 0) {
      const errno = koffi.errno();
      const hint = errno === 1 ? ': it takes CAP_BPF, and before Linux 5.11 `ulimit -l unlimited`' : '';
      throw new Error(`bpf(2) answers errno ${errno}${hint}`);
    }
    return result;
  };
  const address = (bytes) => koffi.address(bytes);

  // Before Linux 5.11 maps count against this limit, which is far too small; agents raise it, like libbpf.
  const RLIMIT_MEMLOCK = 8;
  koffi.load(null).func('int setrlimit(int, void *)')(RLIMIT_MEMLOCK, Buffer.alloc(16, 0xff));

  return {
    createMap(type, name, keySize, valueSize, maxEntries) {
      const attr = structure(72, [
        [0, 32, MAP_TYPES[type]],
        [4, 32, keySize],
        [8, 32, valueSize],
        [12, 32, maxEntries],
      ]);
      attr.write(name, 28, 15);
      const fd = call(BPF_MAP_CREATE, attr);
      log(`map ${name}: ${type}, ${keySize} + ${valueSize} bytes x ${maxEntries}`);
      return fd;
    },

    fill(fd, valueSize, count) {
      const key = Buffer.alloc(4);
      const value = Buffer.alloc(valueSize, 1);
      const attr = structure(32, [
        [0, 32, fd],
        [8, 64, address(key)],
        [16, 64, address(value)],
      ]);
      for (let i = 0; i < count; i++) {
        key.writeUInt32LE(i);
        call(BPF_MAP_UPDATE_ELEM, attr);
      }
      log(`${count} elements added`);
    },

    loadProgram(name, mapFd) {
      const program = Buffer.concat([
        instruction(0x62, { dst: 10, offset: -4 }), //             *(u32 *)(r10 - 4) = 0    the key
        instruction(0xbf, { dst: 2, src: 10 }), //                 r2 = r10
        instruction(0x07, { dst: 2, imm: -4 }), //                 r2 += -4
        instruction(0x18, { dst: 1, src: 1, imm: mapFd }), //      r1 = the map, 64 bits in two instructions
        instruction(0x00),
        instruction(0x85, { imm: 1 }), //                          call bpf_map_lookup_elem
        instruction(0xb7, { dst: 0 }), //                          r0 = 0                   drop the packet
        instruction(0x95), //                                      exit
      ]);
      const license = Buffer.from('GPL\0');
      const attr = structure(64, [
        [0, 32, 1], // BPF_PROG_TYPE_SOCKET_FILTER
        [4, 32, program.length / 8],
        [8, 64, address(program)],
        [16, 64, address(license)],
      ]);
      attr.write(name, 48, 15);
      const fd = call(BPF_PROG_LOAD, attr);
      log(`program ${name}: a socket filter over flows`);
      return fd;
    },
  };
}

/** The maps and the program; their descriptors keep them alive. */
async function startBpf() {
  const fds = [];
  try {
    const bpf = await openBpf();
    const flows = bpf.createMap('hash', 'flows', 4, 64, 100_000);
    fds.push(flows);
    fds.push(bpf.createMap('percpu_array', 'counters', 4, 1024, 256));
    fds.push(bpf.createMap('ringbuf', 'events', 0, 0, MIB));
    fds.push(bpf.createMap('hash', 'never_used', 4, 256, 10_000));
    bpf.fill(flows, 64, 5_000);
    fds.push(bpf.loadProgram('agent_filter', flows));
  } catch (error) {
    log(
      `no BPF (${error.code === 'ERR_MODULE_NOT_FOUND' ? 'koffi is not installed' : error.message}); doing the rest`,
    );
  }
  return fds;
}

// ---- the rest: heap, files, a worker ----

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => stop.abort());

/** Ends early, without an error, once the agent was asked to stop. */
function sleep(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.signal.addEventListener('abort', done);
    if (stop.signal.aborted) done();
  });
}

/** Grows the heap by `step` MiB per beat, up to `high` MiB, frees it, and starts again. */
async function waves(step, high, until, onCrest = () => {}) {
  let held = [];
  while (Date.now() < until && !stop.signal.aborted) {
    if (held.length * step >= high) {
      onCrest(held.length * step);
      held = [];
      globalThis.gc?.();
    }
    // Filled, since untouched pages are not allocated.
    held.push(Buffer.alloc(step * MIB, 1));
    await sleep(100);
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      duration: { type: 'string', default: '10' },
      'no-bpf': { type: 'boolean', default: false },
      worker: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const seconds = /^(\d+(?:\.\d+)?)s?$/.exec(values.duration)?.[1];
  if (seconds === undefined)
    throw new Error(`--duration takes seconds, such as 5 or 5s, not '${values.duration}'`);
  const until = Date.now() + Number(seconds) * 1000;
  if (values.worker) {
    // Exits with its parent.
    process.once('disconnect', () => stop.abort());
    await waves(2, 24, until);
    if (process.connected) process.disconnect();
    return;
  }

  log(`runs for ${seconds} s`);
  const fds = values['no-bpf'] ? [] : await startBpf();
  const worker = fork(fileURLToPath(import.meta.url), ['--worker', '--duration', seconds]);
  const workerEnded = new Promise((resolve) => worker.once('exit', resolve));
  log(`worker ${worker.pid} started`);
  const directory = mkdtempSync(join(tmpdir(), 'agent-'));
  try {
    let files = 0;
    await waves(8, 64, until, (mib) => {
      writeFileSync(join(directory, `${files % 8}.dat`), Buffer.alloc(2 * MIB, 2));
      files++;
      log(`wave ${files}: ${mib} MiB on the heap let go, 2 MiB written`);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
    worker.kill('SIGTERM');
    await workerEnded;
    for (const fd of fds) closeSync(fd);
  }
  log(stop.signal.aborted ? 'stopped' : 'done');
}

main().catch((error) => {
  console.error(`agent: ${error.message}`);
  process.exitCode = 1;
});

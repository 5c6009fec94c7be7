/** BPF objects for tests, created with bpf(2) on this host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync } from 'node:fs';
import type { TestContext } from 'vitest';
import {
  encodeMapCreate,
  encodeMapElement,
  encodeProgramLoad,
  encodeTestRun,
  type MapSpec,
} from '#src/kernel/bpf/sys/bpf-attr.ts';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber, programTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { bpfSyscallNumber } from '#src/kernel/bpf/sys/syscall-numbers.ts';
import { mapFdinfo, programFdinfo, readFdinfo } from '#src/kernel/procfs/fdinfo.ts';
import { requires } from './bpf-requirements.ts';

/** Creates objects and closes them all at the end. */
export class BpfObjects {
  readonly bpf: Bpf;
  readonly #fds: number[] = [];

  constructor(bpf: Bpf) {
    this.bpf = bpf;
  }

  /** A map; by default a hash of 10 elements. Returns its descriptor and its id. */
  map(spec: Partial<MapSpec> = {}): { fd: number; id: number } {
    const whole = { map_type: mapTypeNumber('hash'), key_size: 4, value_size: 8, max_entries: 10, ...spec };
    const fd = this.keep(this.bpf.call('BPF_MAP_CREATE', encodeMapCreate(whole)));
    return { fd, id: mapFdinfo(readFdinfo(fd))?.map_id ?? 0 };
  }

  /** Adds elements with the keys 0, 1, 2 ... to a map with keys of 4 bytes. */
  fill(fd: number, count: number, valueSize = 8): void {
    const key = Buffer.alloc(4);
    const value = Buffer.alloc(valueSize, 1);
    const attr = encodeMapElement(fd, this.bpf.address(key), this.bpf.address(value));
    for (let index = 0; index < count; index++) {
      key.writeUInt32LE(index);
      this.bpf.call('BPF_MAP_UPDATE_ELEM', attr, [key, value]);
    }
  }

  /** Adds one element whose key is these numbers. */
  put(fd: number, key: number[], valueSize: number): void {
    const bytes = Buffer.from(new Uint32Array(key).buffer);
    const value = Buffer.alloc(valueSize, 1);
    const attr = encodeMapElement(fd, this.bpf.address(bytes), this.bpf.address(value));
    this.bpf.call('BPF_MAP_UPDATE_ELEM', attr, [bytes, value]);
  }

  /** Pushes one element to a queue or a stack. */
  push(fd: number, valueSize: number): void {
    const value = Buffer.alloc(valueSize, 1);
    this.bpf.call('BPF_MAP_UPDATE_ELEM', encodeMapElement(fd, 0n, this.bpf.address(value)), [value]);
  }

  /** Pops one element from a queue or a stack. */
  pop(fd: number, valueSize: number): void {
    const value = Buffer.alloc(valueSize);
    const attr = encodeMapElement(fd, 0n, this.bpf.address(value));
    this.bpf.call('BPF_MAP_LOOKUP_AND_DELETE_ELEM', attr, [value]);
  }

  /** A socket filter that uses these maps, and drops all packets. */
  program(mapFds: number[] = [], name = 'drop'): { fd: number; id: number } {
    const loads = mapFds.flatMap((fd) => loadMap(1, fd));
    return this.#load([...loads, ...RETURN_0], name);
  }

  /** A socket filter that calls `count` of its own functions. */
  programWithFunctions(count: number): { fd: number; id: number } {
    // Each function is two instructions, placed after the main one, which ends in two as well.
    const calls = Array.from({ length: count }, (_, index) =>
      instruction(0x85, { src: 1, imm: count - index - 1 + 2 + 2 * index }),
    );
    const functions = Array.from({ length: count }, (_, index) => [
      instruction(0xb7, { imm: index }),
      instruction(0x95),
    ]);
    return this.#load([...calls, ...RETURN_0, ...functions.flat()], 'functions');
  }

  /** Writes `count` records of 8 bytes into a ring buffer, by running a program `count` times. */
  produce(mapFd: number, count: number): void {
    const RINGBUF_OUTPUT = 130;
    const output = [
      // *(u64 *)(r10 - 8) = 0; r2 = r10 - 8; bpf_ringbuf_output(r1 = map, r2, 8, 0)
      instruction(0x7a, { dst: 10, offset: -8 }),
      ...loadMap(1, mapFd),
      instruction(0xbf, { dst: 2, src: 10 }),
      instruction(0x07, { dst: 2, imm: -8 }),
      instruction(0xb7, { dst: 3, imm: 8 }),
      instruction(0xb7, { dst: 4, imm: 0 }),
      instruction(0x85, { imm: RINGBUF_OUTPUT }),
    ];
    const packet = Buffer.alloc(64);
    const { fd } = this.#load([...output, ...RETURN_0], 'produce');
    const attr = encodeTestRun(fd, this.bpf.address(packet), packet.length, count);
    this.bpf.call('BPF_PROG_TEST_RUN', attr, [packet]);
  }

  #load(instructions: readonly Buffer[], name: string): { fd: number; id: number } {
    const insns = Buffer.concat(instructions);
    const license = Buffer.from('GPL\0');
    const attr = encodeProgramLoad({
      prog_type: programTypeNumber('socket_filter'),
      insns: this.bpf.address(insns),
      insn_cnt: insns.length / 8,
      license: this.bpf.address(license),
      prog_name: name,
    });
    const fd = this.keep(this.bpf.call('BPF_PROG_LOAD', attr, [insns, license]));
    return { fd, id: programFdinfo(readFdinfo(fd))?.prog_id ?? 0 };
  }

  keep(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }

  close(fd: number): void {
    this.#fds.splice(this.#fds.indexOf(fd), 1);
    closeSync(fd);
  }

  closeAll(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}

/**
 * One instruction: opcode, two registers of 4 bits each, an offset of 16 bits and an immediate of 32.
 * Source: Documentation/bpf/standardization/instruction-set.rst
 */
function instruction(opcode: number, { dst = 0, src = 0, offset = 0, imm = 0 } = {}): Buffer {
  const bytes = Buffer.from([opcode, (src << 4) | dst, 0, 0, 0, 0, 0, 0]);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(imm, 4);
  return bytes;
}

/** The address of a map, in two instructions. */
function loadMap(dst: number, fd: number): Buffer[] {
  return [instruction(0x18, { dst, src: 1, imm: fd }), instruction(0)];
}

/** r0 = 0; exit */
const RETURN_0 = [instruction(0xb7), instruction(0x95)];

/**
 * Other processes use BPF on this host too: of `all`, only objects that are also in the other lists count.
 */
export function withIds<T extends { id: number }>(all: readonly T[], ...others: { id: number }[][]): T[] {
  const sets = others.map((other) => new Set(other.map(({ id }) => id)));
  return all.filter(({ id }) => sets.every((set) => set.has(id)));
}

/** The number of descriptors that this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** A process that continuously creates and drops maps, until it is stopped. */
export class Churn {
  readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Resolves when the first maps exist. */
  static async start(): Promise<Churn> {
    const script = `
      const koffi = require('koffi');
      const { closeSync, writeSync } = require('fs');
      const syscall = koffi.load(null).func('long syscall(long, int, void *, unsigned int)');
      const attr = Buffer.from(new Uint32Array([1, 4, 8, 10, ...Array(14).fill(0)]).buffer);
      const number = Number(process.argv[1]);
      const fds = [];
      for (let round = 0; ; round++) {
        fds.push(syscall(number, 0, attr, attr.length));
        if (round === 50) writeSync(1, 'started');
        if (fds.length <= 50) continue;
        for (const fd of fds.splice(0, 25)) closeSync(fd);
        // The kernel frees maps in the background, which may take a while on a single CPU.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }`;
    // Before Linux 5.11 maps count against the limit of locked memory.
    const command = 'ulimit -l unlimited 2>/dev/null; exec "$@"';
    const node = [process.execPath, '-e', script, String(bpfSyscallNumber())];
    const child = spawn('sh', ['-c', command, 'sh', ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return new Churn(child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

/** Shared helpers for tests of our programs. */
interface BpfScene {
  bpf: Bpf;
  objects: BpfObjects;
}

/**
 * Skips a test that this host cannot run, otherwise opens bpf(2) and objects to create; `closeAll` removes
 * them.
 */
export async function openBpfScene(context: TestContext): Promise<BpfScene> {
  requires(context, {
    capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_ADMIN'],
    since: ['5.9', 'BPF iterators over maps and programs'],
  });
  const bpf = await openBpf();
  return { bpf, objects: new BpfObjects(bpf) };
}

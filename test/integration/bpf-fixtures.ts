/** BPF objects for tests, made with bpf(2) of this host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync } from 'node:fs';
import { Assembler } from '#src/kernel/bpf/iter/assembler.ts';
import {
  encodeMapCreate,
  encodeMapElement,
  encodeProgramLoad,
  encodeTestRun,
  type MapSpec,
} from '#src/kernel/bpf/sys/bpf-attr.ts';
import type { Bpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber, programTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import { bpfSyscallNumber } from '#src/kernel/bpf/sys/syscall-numbers.ts';
import { mapFdinfo, programFdinfo, readFdinfo } from '#src/kernel/procfs/fdinfo.ts';

/** Makes objects and closes them all at the end. */
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
    const asm = new Assembler();
    for (const fd of mapFds) asm.loadMap('r1', fd);
    return this.#load(asm.alu('r0', '=', 0).exit(), name);
  }

  /** A socket filter that calls `count` functions of its own. */
  programWithFunctions(count: number): { fd: number; id: number } {
    const asm = new Assembler();
    for (let index = 0; index < count; index++) asm.callFunction(`function_${index}`);
    asm.alu('r0', '=', 0).exit();
    for (let index = 0; index < count; index++) asm.label(`function_${index}`).alu('r0', '=', index).exit();
    return this.#load(asm, 'functions');
  }

  /** Puts `count` records of 8 bytes into a ring buffer, by a program that is run that often. */
  produce(mapFd: number, count: number): void {
    const RINGBUF_OUTPUT = 130;
    const asm = new Assembler()
      .store(8, 'r10', -8, 0)
      .loadMap('r1', mapFd)
      .alu('r2', '=', 'r10')
      .alu('r2', '+=', -8)
      .alu('r3', '=', 8)
      .alu('r4', '=', 0)
      .call(RINGBUF_OUTPUT)
      .alu('r0', '=', 0)
      .exit();
    const packet = Buffer.alloc(64);
    const attr = encodeTestRun(this.#load(asm, 'produce').fd, this.bpf.address(packet), packet.length, count);
    this.bpf.call('BPF_PROG_TEST_RUN', attr, [packet]);
  }

  #load(asm: Assembler, name: string): { fd: number; id: number } {
    const insns = asm.assemble();
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

/** Others use BPF on this host too: of `all`, only what the other lists have as well counts. */
export function withIds<T extends { id: number }>(all: readonly T[], ...others: { id: number }[][]): T[] {
  const sets = others.map((other) => new Set(other.map(({ id }) => id)));
  return all.filter(({ id }) => sets.every((set) => set.has(id)));
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** A process that makes and drops maps all the time, until it is stopped. */
export class Churn {
  readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  /** Returns once the first maps are there. */
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
        // The kernel frees maps in the background: on a single CPU it has to get to it.
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

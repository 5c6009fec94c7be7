import type { KernelLayout, LayoutQuery, Member } from '../btf/kernel-layout.ts';
import { HOST_BYTE_ORDER } from '../sys/bpf-struct.ts';
import { type AccessSize, Assembler, type Condition, type Register } from './assembler.ts';

/** Numbers of helper functions. Source: `enum bpf_func_id`; part of the kernel's stable interface. */
const HELPERS = {
  get_current_pid_tgid: 14,
  probe_read_kernel: 113,
  seq_write: 127,
  per_cpu_ptr: 153,
} as const;

/** What every iterator asks of the kernel's layout. */
export const ITERATOR_MEMBERS = ['bpf_iter_meta.seq'] as const;

/** The parts of several queries in one. */
export function mergeQueries(...queries: LayoutQuery[]): LayoutQuery {
  return {
    members: queries.flatMap(({ members }) => members),
    bits: queries.flatMap(({ bits }) => bits),
    functions: queries.flatMap(({ functions }) => functions),
    percpuVariables: queries.flatMap(({ percpuVariables }) => percpuVariables),
  };
}

/**
 * The assembler of an iterator's program: a record on the stack that starts as zeros, is filled from the object and
 * written out.
 *
 * The verifier knows the type of every pointer that was loaded through a typed one: such loads are plain instructions
 * that read 0 where the address is bad. What lies beyond the type (the struct around a `struct bpf_map`) takes
 * bpf_probe_read_kernel.
 */
export class RecordProgram {
  readonly asm = new Assembler();
  readonly #layout: KernelLayout;
  readonly #recordSize: number;

  /** @param recordSize a multiple of 8, at most 496. */
  constructor(layout: KernelLayout, recordSize: number) {
    this.#layout = layout;
    this.#recordSize = recordSize;
  }

  /**
   * The start of the program: loads members of the context `bpf_iter__<target>`, leaves when one of them is NULL (the kernel
   * calls once more after the last object), loads `r7` with the output, and clears the record.
   */
  begin(target: string, objects: Partial<Record<Register, string>>): this {
    const context = `bpf_iter__${target}`;
    const { asm } = this;
    asm.load(8, 'r7', 'r1', this.#layout.member(`${context}.meta`).offset);
    for (const [register, name] of Object.entries(objects) as [Register, string][]) {
      asm.load(8, register, 'r1', this.#layout.member(`${context}.${name}`).offset);
      asm.jumpIf(register, '==', 0, 'skip');
    }
    asm.load(8, 'r7', 'r7', this.#layout.member('bpf_iter_meta.seq').offset);
    for (let offset = 0; offset < this.#recordSize; offset += 8) asm.store(8, 'r10', this.#at(offset), 0);
    return this;
  }

  /** Follows a typed pointer: `dst = base->member`. */
  follow(dst: Register, base: Register, path: string): this {
    return this.loadMember(dst, base, this.#layout.member(path));
  }

  /** `dst = base->member`, as many bytes as the member has, the rest 0. */
  loadMember(dst: Register, base: Register, member: Member): this {
    this.asm.load(accessSize(member), dst, base, member.offset);
    return this;
  }

  /** Copies a number from a typed pointer to the record: 4 or 8 bytes of it. Uses `scratch`. */
  copy(recordOffset: number, size: 4 | 8, base: Register, member: Member, scratch: Register = 'r1'): this {
    return this.loadMember(scratch, base, member).put(recordOffset, size, scratch);
  }

  /** Puts a register or a number into the record. */
  put(recordOffset: number, size: 4 | 8, value: Register | number): this {
    this.asm.store(size, 'r10', this.#at(recordOffset), value);
    return this;
  }

  /** Takes a number back from the record. */
  take(dst: Register, recordOffset: number, size: 4 | 8): this {
    this.asm.load(size, dst, 'r10', this.#at(recordOffset));
    return this;
  }

  /** Copies `size` bytes from `base + offset`, any address, to the record; zeros where it is bad. Loses r0 to r5. */
  probe(recordOffset: number, size: number, base: Register, offset: number): this {
    return this.#probe(this.#at(recordOffset), size, base, offset);
  }

  /** `dst = *(member *)(base + offset)` from any address; 0 where it is bad. Loses r0 to r5. */
  probeMember(dst: Register, base: Register, member: Member): this {
    this.#probe(this.#scratch(), member.size, base, member.offset);
    this.asm.load(accessSize(member), dst, 'r10', this.#scratch());
    return this;
  }

  /** `dst` = the process that reads the iterator, as the initial pid namespace counts. Loses r0 to r5. */
  currentTgid(dst: Register): this {
    this.asm.call(HELPERS.get_current_pid_tgid).alu(dst, '=', 'r0').alu(dst, '>>=', 32);
    return this;
  }

  /**
   * `dst` = the distance from a percpu address to this CPU's copy of what is there, from any variable that each CPU has its
   * own of; goes to `beyond` when there is no such CPU. `cpu` is not r1. Loses r0 to r5.
   */
  percpuOffset(dst: Register, cpu: Register, variableBtfId: number, beyond: string): this {
    this.asm
      .loadVariable('r1', variableBtfId)
      .alu('r2', '=', cpu)
      .call(HELPERS.per_cpu_ptr)
      .jumpIf('r0', '==', 0, beyond)
      .loadVariable('r1', variableBtfId)
      // Of all that can be done to two pointers only this makes a number.
      .alu('r0', '-=', 'r1')
      .alu(dst, '=', 'r0');
    return this;
  }

  /** Leaves without a record where the condition holds. */
  skipIf(left: Register, condition: Condition, right: Register | number): this {
    this.asm.jumpIf(left, condition, right, 'skip');
    return this;
  }

  /** Writes the first `size` bytes of what is at `recordOffset`; by default the whole record. Loses r0 to r5. */
  write(recordOffset = 0, size = this.#recordSize): this {
    this.asm
      .alu('r1', '=', 'r7')
      .alu('r2', '=', 'r10')
      .alu('r2', '+=', this.#at(recordOffset))
      .alu('r3', '=', size)
      .call(HELPERS.seq_write);
    return this;
  }

  /** The end of the program, and its bytes. */
  end(): Buffer {
    return this.asm.label('skip').alu('r0', '=', 0).exit().assemble(HOST_BYTE_ORDER);
  }

  #probe(stackOffset: number, size: number, base: Register, offset: number): this {
    this.asm.alu('r3', '=', base);
    if (offset !== 0) this.asm.alu('r3', '+=', offset);
    this.asm
      .alu('r1', '=', 'r10')
      .alu('r1', '+=', stackOffset)
      .alu('r2', '=', size)
      .call(HELPERS.probe_read_kernel);
    return this;
  }

  #at(recordOffset: number): number {
    return recordOffset - this.#recordSize;
  }

  #scratch(): number {
    return -this.#recordSize - 8;
  }
}

function accessSize({ size }: Member): AccessSize {
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw new RangeError(`a load of ${size} bytes`);
}

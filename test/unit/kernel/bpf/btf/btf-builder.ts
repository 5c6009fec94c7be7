/** Builds BTF byte by byte, in either byte order, for tests. Type ids are those of the kernel: from 1 on. */
import { BTF_KIND } from '#src/kernel/bpf/btf/btf-format.ts';

interface BuiltMember {
  name?: string;
  type: number;
  bit: number;
  /** Turns the struct into one with bitfields. */
  bits?: number;
}

export class BtfBuilder {
  readonly #types: number[][] = [];
  #strings = '\0';

  get nextId(): number {
    return this.#types.length + 1;
  }

  /** A type from its raw words. */
  raw(
    kind: number,
    name: string,
    count: number,
    sizeOrType: number,
    words: number[] = [],
    flag = false,
  ): number {
    const info = ((flag ? 1 : 0) * 0x8000_0000 + kind * 0x100_0000 + count) >>> 0;
    this.#types.push([this.string(name), info, sizeOrType, ...words]);
    return this.#types.length;
  }

  string(text: string): number {
    if (text === '') return 0;
    const known = this.#strings.indexOf(`\0${text}\0`);
    if (known >= 0) return known + 1;
    this.#strings += `${text}\0`;
    return this.#strings.length - text.length - 1;
  }

  int(name: string, bytes: number): number {
    return this.raw(BTF_KIND.INT, name, 0, bytes, [bytes * 8]);
  }

  pointer(to: number): number {
    return this.raw(BTF_KIND.PTR, '', 0, to);
  }

  array(element: number, length: number): number {
    return this.raw(BTF_KIND.ARRAY, '', 0, 0, [element, 1, length]);
  }

  struct(name: string, bytes: number, members: BuiltMember[], kind: 4 | 5 = BTF_KIND.STRUCT): number {
    const flag = members.some(({ bits }) => bits !== undefined);
    const words = members.flatMap(({ name: member = '', type, bit, bits = 0 }) => [
      this.string(member),
      type,
      flag ? bits * 0x100_0000 + bit : bit,
    ]);
    return this.raw(kind, name, members.length, bytes, words, flag);
  }

  variable(name: string, type: number): number {
    return this.raw(BTF_KIND.VAR, name, 0, type, [1]);
  }

  section(name: string, bytes: number, variables: { type: number; offset: number; size: number }[]): number {
    const words = variables.flatMap(({ type, offset, size }) => [type, offset, size]);
    return this.raw(BTF_KIND.DATASEC, name, variables.length, bytes, words);
  }

  bytes(order: 'little' | 'big' = 'little'): Buffer {
    const words = this.#types.flat();
    const strings = Buffer.from(this.#strings, 'latin1');
    const out = Buffer.alloc(24 + 4 * words.length + strings.length);
    const put = (value: number, at: number) =>
      order === 'big' ? out.writeUInt32BE(value, at) : out.writeUInt32LE(value, at);
    if (order === 'big') out.writeUInt16BE(0xeb9f, 0);
    else out.writeUInt16LE(0xeb9f, 0);
    out.writeUInt8(1, 2);
    for (const [index, value] of [24, 0, 4 * words.length, 4 * words.length, strings.length].entries()) {
      put(value, 4 + 4 * index);
    }
    for (const [index, word] of words.entries()) put(word >>> 0, 24 + 4 * index);
    strings.copy(out, 24 + 4 * words.length);
    return out;
  }
}

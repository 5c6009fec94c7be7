/** Full names of maps and programs, from the BTF objects that they were loaded with. */
import { ToolError } from '../../errors.ts';
import { Btf } from '../../kernel/bpf/btf/btf.ts';
import { completeMapName, completeProgramName } from '../../kernel/bpf/btf/full-names.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { BPF_OBJ_NAME_MAX } from '../../kernel/bpf/sys/bpf-struct.ts';
import { readBtfObject } from '../../kernel/bpf/sys/objects.ts';

/** The number of cached names at which the cache is cleared. */
const MAX_CACHED_NAMES = 10_000;

const COMPLETE = { map: completeMapName, program: completeProgramName } as const;

/**
 * Completes truncated names. Reading BTF objects needs CAP_SYS_ADMIN; without it names are returned
 * unchanged.
 */
export class ObjectNames {
  readonly #bpf: Bpf;
  readonly #names = new Map<string, string>();
  /** BTF of the current read; it may be large and is rarely needed again. */
  readonly #btfs = new Map<number, Btf | undefined>();
  #refused = false;

  constructor(bpf: Bpf) {
    this.#bpf = bpf;
  }

  /** The full name, or the name unchanged. Never throws. */
  complete(kind: keyof typeof COMPLETE, name: string, btfId: number | undefined): string {
    if (name.length < BPF_OBJ_NAME_MAX || btfId === undefined || btfId === 0 || this.#refused) return name;
    const key = `${kind}/${btfId}/${name}`;
    let full = this.#names.get(key);
    if (full === undefined) {
      full = this.#look(kind, name, btfId);
      if (this.#names.size >= MAX_CACHED_NAMES) this.#names.clear();
      this.#names.set(key, full);
    }
    return full;
  }

  /** Frees what only one read uses. */
  endRead(): void {
    this.#btfs.clear();
  }

  #look(kind: keyof typeof COMPLETE, name: string, btfId: number): string {
    try {
      if (!this.#btfs.has(btfId)) {
        const bytes = readBtfObject(this.#bpf, btfId);
        this.#btfs.set(btfId, bytes && new Btf(bytes, `BTF object ${btfId}`));
      }
      const btf = this.#btfs.get(btfId);
      return btf === undefined ? name : COMPLETE[kind](name, btf);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // A truncated name is still usable: neither a missing capability nor damaged BTF is a reason to fail.
      if (error.code === 'PERMISSION') this.#refused = true;
      return name;
    }
  }
}

/** Full names of maps and programs, from the BTF objects that they were loaded with. */
import { ToolError } from '../../errors.ts';
import { Btf } from '../../kernel/bpf/btf/btf.ts';
import { completeMapName, completeProgramName } from '../../kernel/bpf/btf/full-names.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { BPF_OBJ_NAME_MAX } from '../../kernel/bpf/sys/bpf-struct.ts';
import { readBtfObject } from '../../kernel/bpf/sys/objects.ts';

/** The number of cached names at which the cache is cleared. */
const NAMES_KEPT = 10_000;

const COMPLETE = { map: completeMapName, program: completeProgramName } as const;

/**
 * Completes names that the kernel cut. Without CAP_SYS_ADMIN no BTF object can be read: names stay as they
 * are then.
 */
export class ObjectNames {
  readonly #bpf: Bpf;
  readonly #names = new Map<string, string>();
  /** Those of the current read; they may be large, and are seldom asked for again. */
  readonly #btfs = new Map<number, Btf | undefined>();
  #refused = false;

  constructor(bpf: Bpf) {
    this.#bpf = bpf;
  }

  /** The full name, or the name itself. Never throws. */
  complete(kind: keyof typeof COMPLETE, name: string, btfId: number | undefined): string {
    if (name.length < BPF_OBJ_NAME_MAX || btfId === undefined || btfId === 0 || this.#refused) return name;
    const key = `${kind}/${btfId}/${name}`;
    let full = this.#names.get(key);
    if (full === undefined) {
      full = this.#look(kind, name, btfId);
      if (this.#names.size >= NAMES_KEPT) this.#names.clear();
      this.#names.set(key, full);
    }
    return full;
  }

  /** Lets go of what only one read has a use for. */
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
      // A cut name is a name: neither a missing right nor types that make no sense are worth a failure.
      if (error.code === 'PERMISSION') this.#refused = true;
      return name;
    }
  }
}

/**
 * Replaces kinds of types that old kernels do not support.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__sanitize_btf`
 */
import { Btf } from '../btf/btf.ts';
import { BtfEditor, type RawType } from '../btf/btf-edit.ts';
import { BTF_KIND } from '../btf/btf-format.ts';

/**
 * Type kinds in reverse order of introduction, with the first Linux release.
 * Source: include/uapi/linux/btf.h
 */
export const LATE_KINDS: readonly (readonly [kind: number, since: string])[] = [
  [BTF_KIND.ENUM64, '6.0'],
  [BTF_KIND.TYPE_TAG, '5.17'],
  [BTF_KIND.DECL_TAG, '5.16'],
  [BTF_KIND.FLOAT, '5.13'],
];

/**
 * The late kinds that the types use, latest first. A signed enum counts as ENUM64: both came with the same
 * kernel release.
 * @throws KernelFileError if they are damaged.
 */
export function lateKindsOf(bytes: Buffer, name: string): number[] {
  const btf = new Btf(bytes, name);
  const used = new Set<number>();
  for (let id = 1; id <= btf.typeCount; id++) {
    const kind = btf.kindOf(id);
    used.add(kind === BTF_KIND.ENUM && btf.flagOf(id) ? BTF_KIND.ENUM64 : kind);
  }
  return LATE_KINDS.map(([kind]) => kind).filter((kind) => used.has(kind));
}

/**
 * Replaces kinds that a kernel does not support with others of the same size.
 * @throws KernelFileError when they are damaged.
 */
export function replaceKinds(bytes: Buffer, name: string, kinds: readonly number[]): Buffer {
  const editor = new BtfEditor(new Btf(bytes, name));
  let placeholder: number | undefined;
  for (const type of [...editor.types.slice(1)]) {
    if (type.kind === BTF_KIND.ENUM && kinds.includes(BTF_KIND.ENUM64)) type.flag = false;
    if (!kinds.includes(type.kind)) continue;
    switch (type.kind) {
      case BTF_KIND.FLOAT:
        // An empty struct with a size.
        Object.assign(type, { kind: BTF_KIND.STRUCT, count: 0, flag: false, words: [] });
        break;
      case BTF_KIND.DECL_TAG:
        // A one-byte integer that nothing refers to.
        Object.assign(type, { kind: BTF_KIND.INT, count: 0, flag: false, sizeOrType: 1, words: [8] });
        break;
      case BTF_KIND.TYPE_TAG:
        Object.assign(type, { kind: BTF_KIND.CONST, name: 0, flag: false });
        break;
      case BTF_KIND.ENUM64:
        placeholder ??= addEnumPlaceholder(editor);
        replaceEnum64(type, placeholder);
    }
  }
  return editor.toBytes();
}

function addEnumPlaceholder(editor: BtfEditor): number {
  const name = editor.addString('enum64_placeholder');
  return editor.add({ name, kind: BTF_KIND.INT, count: 0, flag: false, sizeOrType: 1, words: [8] });
}

/** A union with one member per value preserves size and names. */
function replaceEnum64(type: RawType, placeholder: number): void {
  const names = Array.from({ length: type.count }, (_, index) => type.words[3 * index] ?? 0);
  Object.assign(type, {
    kind: BTF_KIND.UNION,
    flag: false,
    words: names.flatMap((name) => [name, placeholder, 0]),
  });
}

/**
 * Adapts the types of an object for the kernel: adds what only the linker knows, and replaces kinds that old
 * kernels do not support.
 * Source: tools/lib/bpf/libbpf.c, `btf_fixup_datasec`, `bpf_object__collect_externs`,
 * `bpf_object__sanitize_btf`
 */
import { Btf } from '../btf/btf.ts';
import { BtfEditor, type RawType } from '../btf/btf-edit.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import type { DataSection } from '../elf/data-sections.ts';
import { kconfigLayout } from '../elf/elf-kconfig.ts';
import type { ObjectSpecification } from '../elf/object-specification.ts';

const LINKAGE = { STATIC: 0, GLOBAL: 1, EXTERN: 2 } as const;
const INT_BYTES = 4;

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
 * The types of an object with section sizes and variable offsets filled in, and externs replaced by 4-byte
 * variables; absent if the object has no types.
 * @throws KernelFileError if they are damaged.
 */
export function completeObjectBtf({ btf, dataSections }: ObjectSpecification): Buffer | undefined {
  if (btf === undefined) return undefined;
  const editor = new BtfEditor(btf);
  const ids = editor.types
    .map((type, id) => ({ type, id }))
    .filter(({ type }) => type?.kind === BTF_KIND.DATASEC);
  for (const { type, id } of ids) {
    switch (btf.nameOf(id)) {
      case '.ksyms':
        completeKsyms(editor, type);
        break;
      case '.kconfig':
        completeKconfig(editor, type, btf);
        break;
      default:
        completeSection(editor, type, btf, dataSections.get(btf.nameOf(id)));
    }
    sortVariables(type);
  }
  return editor.toBytes();
}

function completeSection(editor: BtfEditor, type: RawType, btf: Btf, section: DataSection | undefined): void {
  if (type.sizeOrType !== 0) return;
  let end = 0;
  for (let at = 0; at < type.words.length; at += 3) {
    const variable = editor.types[type.words[at] ?? 0];
    const offset = section?.offsets.get(btf.string(variable?.name ?? 0));
    // The compiler sets the offsets of static variables.
    if (offset !== undefined && variable?.words[0] !== LINKAGE.STATIC) type.words[at + 1] = offset;
    end = Math.max(end, (type.words[at + 1] ?? 0) + (type.words[at + 2] ?? 0));
  }
  type.sizeOrType = section?.size ?? end;
}

/**
 * The kernel does not accept extern functions in a section: each one is replaced by a variable.
 */
function completeKsyms(editor: BtfEditor, section: RawType): void {
  const int = findInt(editor);
  let dummy: number | undefined;
  for (let at = 0; at < section.words.length; at += 3) {
    const variable = editor.types[section.words[at] ?? 0];
    if (variable?.kind === BTF_KIND.FUNC) {
      if (dummy === undefined) {
        const name = editor.addString('dummy_ksym');
        dummy = editor.add({
          name,
          kind: BTF_KIND.VAR,
          count: 0,
          flag: false,
          sizeOrType: int,
          words: [LINKAGE.GLOBAL],
        });
      }
      // For a function, this field holds the linkage instead of a count.
      variable.count = LINKAGE.GLOBAL;
      nameParameters(editor, variable.sizeOrType, editor.types[dummy]?.name ?? 0);
      section.words[at] = dummy;
    } else if (variable?.kind === BTF_KIND.VAR) {
      variable.words[0] = LINKAGE.GLOBAL;
      variable.sizeOrType = int;
    }
    section.words[at + 1] = (INT_BYTES * at) / 3;
    section.words[at + 2] = INT_BYTES;
  }
  section.sizeOrType = (INT_BYTES * section.words.length) / 3;
}

/** The parameters of a function that is not extern must have names. */
function nameParameters(editor: BtfEditor, prototypeId: number, name: number): void {
  const prototype = editor.types[prototypeId];
  if (prototype?.kind !== BTF_KIND.FUNC_PROTO) return;
  for (let at = 0; at < prototype.words.length; at += 2) {
    if (prototype.words[at] === 0 && prototype.words[at + 1] !== 0) prototype.words[at] = name;
  }
}

function completeKconfig(editor: BtfEditor, section: RawType, btf: Btf): void {
  const layout = new Map(kconfigLayout(btf).map((variable) => [variable.typeId, variable]));
  let end = 0;
  for (let at = 0; at < section.words.length; at += 3) {
    const id = section.words[at] ?? 0;
    const [variable, place] = [editor.types[id], layout.get(id)];
    if (variable?.kind !== BTF_KIND.VAR || place === undefined) continue;
    variable.words[0] = LINKAGE.GLOBAL;
    section.words[at + 1] = place.offset;
    end = Math.max(end, place.offset + place.size);
  }
  section.sizeOrType = end;
}

function sortVariables(section: RawType): void {
  const variables = Array.from({ length: section.words.length / 3 }, (_, index) =>
    section.words.slice(3 * index, 3 * index + 3),
  );
  section.words = variables.sort((left, right) => (left[1] ?? 0) - (right[1] ?? 0)).flat();
}

function findInt(editor: BtfEditor): number {
  const known = editor.types.findIndex(
    (type) => type?.kind === BTF_KIND.INT && type.sizeOrType === INT_BYTES,
  );
  if (known > 0) return known;
  const name = editor.addString('int');
  // A signed 32-bit integer.
  return editor.add({
    name,
    kind: BTF_KIND.INT,
    count: 0,
    flag: false,
    sizeOrType: INT_BYTES,
    words: [0x0100_0020],
  });
}

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

/**
 * Adds to the types of an object what only the linker knows.
 * Source: tools/lib/bpf/libbpf.c, `btf_fixup_datasec`, `bpf_object__collect_externs`
 */
import type { Btf } from '../btf/btf.ts';
import { BtfEditor, type RawType } from '../btf/btf-edit.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import type { DataSection } from '../elf/data-sections.ts';
import { kconfigLayout } from '../elf/elf-kconfig.ts';
import type { ObjectSpecification } from '../elf/object-specification.ts';

const LINKAGE = { STATIC: 0, GLOBAL: 1, EXTERN: 2 } as const;
const INT_BYTES = 4;

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

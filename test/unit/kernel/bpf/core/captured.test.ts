/** Our objects on the types of real kernels. An integration test compares them with libbpf. */
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { matchAccess, parseAccess } from '#src/kernel/bpf/core/access.ts';
import { CandidateFinder } from '#src/kernel/bpf/core/candidates.ts';
import { Effort } from '#src/kernel/bpf/core/effort.ts';
import { relocateFunctions } from '#src/kernel/bpf/core/relocate.ts';
import { CORE_KIND } from '#src/kernel/bpf/elf/btf-ext.ts';
import { INSTRUCTION_CLASS, Instructions } from '#src/kernel/bpf/elf/instructions.ts';
import type { ObjectSpecification } from '#src/kernel/bpf/elf/object-specification.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import { CAPTURED, capturedTypes, relocatableObjects, specify } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';

/** The output of bpftool on these kernels. */
const MEASURED = [
  ['5.10', { id: 48, objcg: undefined }],
  ['6.1', { id: 68, objcg: 96 }],
  ['6.12', { id: 52, objcg: 88 }],
  ['newest', { id: 84, objcg: 120 }],
] as const;

describe.each(CAPTURED)('the kernel %s', (name) => {
  const kernel = capturedTypes(name);
  const order = kernel.bigEndian ? 'eb' : 'el';

  it.each(relocatableObjects(order).map((path) => [basename(path), path]))(
    'directs every load of %s to the offset in its types',
    (_, path) => {
      const object = specify(path);
      const relocated = relocateFunctions(object, kernel);
      let compared = 0;
      for (const [key, { coreRelocations }] of object.functions) {
        const { instructions: bytes = Buffer.alloc(0), unmet = [] } = relocated.get(key) ?? {};
        const instructions = new Instructions(bytes, object.byteOrder);
        for (const relocation of coreRelocations) {
          const { instruction, kind } = relocation;
          const isLoad = instructions.class(instruction) === INSTRUCTION_CLASS.LDX;
          if (!isLoad || kind !== CORE_KIND.FIELD_BYTE_OFFSET) continue;
          const expected = offsetOf(object, kernel, relocation);
          const isMet = unmet.every((each) => each.instruction !== instruction);
          expect(isMet ? instructions.offset(instruction) : undefined).toBe(expected);
          compared++;
        }
      }
      // The others read everything through a helper, at an address that is a sum.
      expect(compared).toBeGreaterThanOrEqual(/callbacks|page-/.test(path) ? 0 : 1);
    },
  );

  it('supports all objects at once', () => {
    for (const path of relocatableObjects(order)) {
      const prepared = prepareObject(specify(path), kernel);
      expect(prepared.programs.every(({ instructions }) => instructions.length > 0)).toBe(true);
    }
  });
});

/** By the path as text, independently of the relocation. */
function offsetOf(
  { btf }: ObjectSpecification,
  kernel: Btf,
  relocation: Parameters<typeof parseAccess>[1],
): number | undefined {
  if (btf === undefined) throw new Error('no types');
  const access = parseAccess(btf, relocation);
  const names = access.steps.slice(1).map(({ name }) => name);
  const root = btf.nameOf(access.rootTypeId).replace(/___.*/, '');
  if (names.includes(undefined)) {
    const pair = { local: btf, kernel, kernelMembers: new Map(), effort: new Effort(1e6) };
    const [candidate = 0] = new CandidateFinder(kernel).find(btf, relocation.typeId);
    const match = matchAccess(pair, access, candidate);
    return match && match.bitOffset / 8;
  }
  return kernel.memberOffset(root, names.join('.'));
}

describe('offsets reported by bpftool', () => {
  it.each(MEASURED)('on %s', (name, { id, objcg }) => {
    const kernel = capturedTypes(name);
    expect(kernel.memberOffset('bpf_map', 'objcg')).toBe(objcg);
    const object = specify(fixture('bpf/core-kernel.bpfel.o'));
    const [program] = object.programs;
    const [bytes] = [...relocateFunctions(object, kernel).values()].map((each) => each.instructions);
    const instructions = new Instructions(bytes ?? Buffer.alloc(0), 'LE');
    const loads = (program?.coreRelocations ?? [])
      .filter(({ instruction }) => instructions.class(instruction) === INSTRUCTION_CLASS.LDX)
      .map(({ instruction }) => instructions.offset(instruction));
    expect(loads).toContain(id);
  });
});

describe('the two byte orders', () => {
  it('have the same instructions, except for the counting of bits', () => {
    const [little, big] = (['el', 'eb'] as const).map((order) =>
      specify(fixture(`bpf/core-kernel.bpf${order}.o`)),
    );
    const kinds = (object: ObjectSpecification | undefined) =>
      object?.programs.flatMap(({ coreRelocations }) => coreRelocations.map(({ kind }) => kind));
    expect(kinds(little)).toEqual(kinds(big));
    expect(new Set(kinds(little)).size).toBe(Object.keys(CORE_KIND).length);
  });
});

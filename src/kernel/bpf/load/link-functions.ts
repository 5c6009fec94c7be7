/**
 * Links a program with the functions that it calls: the program first, followed by each function once.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__reloc_code`
 */
import { UnsupportedError } from '../../../errors.ts';
import { Instructions, PSEUDO } from '../elf/instructions.ts';
import type { FunctionKey, FunctionSpecification } from '../elf/object-functions.ts';
import { MAX_INSTRUCTIONS } from '../elf/object-functions.ts';
import type { ObjectSpecification } from '../elf/object-specification.ts';

/** A function with its position in a linked program. */
export interface LinkedFunction {
  readonly specification: FunctionSpecification;
  /** Index of its first instruction in the program. */
  readonly start: number;
}

/** A program and all functions that it calls. */
export interface LinkedProgram {
  readonly instructions: Instructions;
  readonly functions: readonly LinkedFunction[];
}

/**
 * Links a program.
 * @param bodies the relocated instructions of each function.
 * @throws UnsupportedError if it exceeds the kernel's size limit.
 */
export function linkProgram(
  specification: ObjectSpecification,
  program: FunctionSpecification,
  bodies: ReadonlyMap<FunctionKey, { readonly instructions: Buffer }>,
): LinkedProgram {
  const functions = placeFunctions(specification, program);
  const starts = new Map(functions.map(({ specification: { key }, start }) => [key, start]));
  const bytes = functions.map(
    ({ specification: { key, instructions } }) => bodies.get(key)?.instructions ?? instructions,
  );
  const instructions = new Instructions(Buffer.concat(bytes), specification.byteOrder);
  for (const { specification: each, start } of functions) {
    for (const relocation of each.relocations) {
      if (relocation.kind !== 'call' && relocation.kind !== 'callback') continue;
      const at = start + relocation.instruction;
      const target = starts.get(relocation.function) ?? 0;
      instructions.setImmediate(at, target - at - 1);
      if (relocation.kind === 'callback') {
        instructions.setSource(at, PSEUDO.FUNC);
        instructions.setImmediate(at + 1, 0);
      }
    }
  }
  return { instructions, functions };
}

/** In order of the first call, each function followed by those that it calls, as in libbpf. */
function placeFunctions(
  specification: ObjectSpecification,
  program: FunctionSpecification,
): LinkedFunction[] {
  const placed: LinkedFunction[] = [];
  const seen = new Set<FunctionKey>();
  let length = 0;
  const waiting: FunctionSpecification[] = [program];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next.key)) continue;
    seen.add(next.key);
    placed.push({ specification: next, start: length });
    length += next.instructions.length / 8;
    if (length > MAX_INSTRUCTIONS) {
      throw new UnsupportedError(
        program.name,
        `${specification.name}: program "${program.name}" has more than ${MAX_INSTRUCTIONS} instructions`,
      );
    }
    const called = next.relocations.flatMap((relocation) => {
      const isLocal = relocation.kind === 'call' || relocation.kind === 'callback';
      const target = isLocal ? specification.functions.get(relocation.function) : undefined;
      return target === undefined ? [] : [target];
    });
    // The last one pushed is placed next.
    waiting.push(...called.reverse());
  }
  return placed;
}

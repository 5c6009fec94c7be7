/**
 * CO-RE ("compile once, run everywhere"): adapts the instructions of an object to a kernel whose structs
 * differ from those that the object was compiled with.
 * Source: tools/lib/bpf/relo_core.c, `bpf_core_calc_relo_insn`
 */
import { UnsupportedError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
import { finishSteps } from '../../steps.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { CORE_KIND, type CoreRelocation } from '../elf/btf-ext.ts';
import { Instructions } from '../elf/instructions.ts';
import type { FunctionKey, FunctionSpecification } from '../elf/object-functions.ts';
import type { ObjectSpecification } from '../elf/object-specification.ts';
import { type Access, matchAccess, parseAccess } from './access.ts';
import { CandidateFinder } from './candidates.ts';
import { describeAbsence, describePath, describeType } from './describe.ts';
import { Effort } from './effort.ts';
import { patch, poison } from './patch.ts';
import { evaluateAbsence, evaluateAccess, type RelocationValue } from './relocation-value.ts';
import type { TypePair } from './type-compatibility.ts';

/**
 * An instruction that cannot be relocated on this kernel; the verifier rejects the program if it is
 * reachable.
 */
export interface UnmetRelocation {
  readonly instruction: number;
  /** The missing target. */
  readonly reason: string;
}

/** A function, relocated for one kernel. */
export interface RelocatedFunction {
  readonly instructions: Buffer;
  readonly unmet: readonly UnmetRelocation[];
}

/** Usually a few hundred suffice. Unit: compared types and members. */
const MAX_EFFORT = 1_000_000;

/**
 * Relocates the functions of an object for the kernel with these types.
 * @throws KernelFileError if the object or the types are damaged; UnsupportedError if several types of the
 * kernel match a relocation with different results.
 */
export function relocateFunctions(
  specification: ObjectSpecification,
  kernel: Btf,
): Map<FunctionKey, RelocatedFunction> {
  return finishSteps(relocateInSteps(specification, kernel));
}

/** Does the same, a function in each step. @throws as {@link relocateFunctions}. */
export function* relocateInSteps(
  specification: ObjectSpecification,
  kernel: Btf,
): Generator<void, Map<FunctionKey, RelocatedFunction>, void> {
  const relocator = specification.btf && new Relocator(specification, specification.btf, kernel);
  const relocated = new Map<FunctionKey, RelocatedFunction>();
  for (const [key, each] of specification.functions) {
    const unchanged = { instructions: Buffer.from(each.instructions), unmet: [] };
    relocated.set(key, relocator === undefined ? unchanged : relocator.relocate(each));
    yield;
  }
  return relocated;
}

interface Resolution {
  readonly local: RelocationValue;
  /** Absent if the kernel has no value for the instruction. */
  readonly kernel?: RelocationValue;
  readonly reason: string;
}

/** The result of a relocation for one candidate type of the kernel. */
interface Match {
  readonly access: Access;
  readonly value: RelocationValue;
}

class Relocator {
  readonly #specification: ObjectSpecification;
  readonly #pair: TypePair;
  readonly #finder: CandidateFinder;
  /**
   * By type of the object: the remaining candidates. Candidates that did not match a relocation are not tried
   * again, as in libbpf.
   */
  readonly #candidates = new Map<number, readonly number[]>();
  /** Cached by target: programs of one object repeat the same relocations. */
  readonly #resolutions = new Map<string, Resolution>();

  constructor(specification: ObjectSpecification, local: Btf, kernel: Btf) {
    this.#specification = specification;
    this.#pair = { local, kernel, kernelMembers: new Map(), effort: new Effort(MAX_EFFORT) };
    this.#finder = new CandidateFinder(kernel);
  }

  relocate(each: FunctionSpecification): RelocatedFunction {
    const instructions = new Instructions(Buffer.from(each.instructions), this.#specification.byteOrder);
    const unmet: UnmetRelocation[] = [];
    for (const relocation of each.coreRelocations) {
      const { instruction } = relocation;
      const { local, kernel, reason } = this.#resolve(each, relocation);
      if (kernel === undefined) {
        poison(instructions, instruction);
        unmet.push({ instruction, reason });
        continue;
      }
      const result = patch(instructions, instruction, local, kernel, this.#mayResize(local, kernel));
      if (result.ok) continue;
      if (result.fault === 'object') throw this.#malformed(each, instruction, result.reason);
      poison(instructions, instruction);
      unmet.push({ instruction, reason: `${reason} ${result.reason}` });
    }
    return { instructions: instructions.bytes, unmet };
  }

  #resolve(each: FunctionSpecification, relocation: CoreRelocation): Resolution {
    const { typeId, accessOffset, kind } = relocation;
    const key = `${typeId} ${accessOffset} ${kind}`;
    const known = this.#resolutions.get(key);
    if (known !== undefined) return known;
    const resolution = this.#resolveOnce(each, relocation);
    this.#resolutions.set(key, resolution);
    return resolution;
  }

  #resolveOnce(each: FunctionSpecification, relocation: CoreRelocation): Resolution {
    const { local: localBtf, kernel: kernelBtf } = this.#pair;
    const access = parseAccess(localBtf, relocation);
    const local = evaluateAccess(access);
    if (relocation.kind === CORE_KIND.TYPE_ID_LOCAL) return { local, kernel: local, reason: '' };
    const candidates = this.#candidatesFor(each, relocation);
    let found: Match | undefined;
    const fitting: number[] = [];
    for (const candidate of candidates) {
      const match = matchAccess(this.#pair, access, candidate);
      if (match === undefined) continue;
      const value = evaluateAccess(match);
      fitting.push(candidate);
      found ??= { access: match, value };
      if (match.bitOffset !== found.access.bitOffset || value.value !== found.value.value) {
        throw this.#conflict(each, relocation, access, [found, { access: match, value }]);
      }
    }
    const path = describePath(access);
    const type = describeType(localBtf, relocation.typeId);
    if (found !== undefined) {
      this.#candidates.set(relocation.typeId, fitting);
      return { local, kernel: found.value, reason: path === '' ? type : `field "${path}" of ${type}` };
    }
    const absence = evaluateAbsence(relocation.kind);
    const reason = describeAbsence(access, candidates, kernelBtf);
    return { local, reason, ...(absence === undefined ? {} : { kernel: absence }) };
  }

  #candidatesFor(each: FunctionSpecification, { typeId, instruction }: CoreRelocation): readonly number[] {
    const known = this.#candidates.get(typeId);
    if (known !== undefined) return known;
    const { local } = this.#pair;
    if (local.nameOf(typeId) === '') {
      throw this.#malformed(each, instruction, `a CO-RE relocation of type ${typeId}, which has no name`);
    }
    const candidates = this.#finder.find(local, typeId);
    this.#candidates.set(typeId, candidates);
    return candidates;
  }

  /** Pointers and unsigned integers keep their value in a load of another size: the upper bits are 0. */
  #mayResize({ field: before }: RelocationValue, { field: now }: RelocationValue): boolean {
    if (before === undefined || now === undefined) return false;
    const { local, kernel } = this.#pair;
    const kinds = [local.kindOf(before.typeId), kernel.kindOf(now.typeId)];
    if (kinds.every((kind) => kind === BTF_KIND.PTR)) return true;
    return (
      kinds.every((kind) => kind === BTF_KIND.INT) &&
      !local.integerOf(before.typeId).signed &&
      !kernel.integerOf(now.typeId).signed
    );
  }

  #conflict(
    each: FunctionSpecification,
    { instruction, typeId }: CoreRelocation,
    access: Access,
    matches: readonly Match[],
  ): UnsupportedError {
    const type = describeType(this.#pair.local, typeId);
    const path = describePath(access);
    const subject = path === '' ? type : `"${path}" of ${type}`;
    const [first, second] = matches.map((match) => match.value.value);
    const values =
      first === second
        ? matches.map((match) => `at bit ${match.access.bitOffset}`).join(' and ')
        : `${first} and ${second}`;
    return new UnsupportedError(
      'CO-RE',
      `${this.#where(each, instruction)}: this kernel has several definitions of ${type} that differ in ${subject}: ${values}`,
    );
  }

  #malformed(each: FunctionSpecification, instruction: number, what: string): Error {
    return malformed(this.#specification.name, undefined, `${this.#where(each, instruction, '')}: ${what}`);
  }

  #where(
    { name }: FunctionSpecification,
    instruction: number,
    object = `${this.#specification.name}: `,
  ): string {
    return `${object}function "${name}": instruction ${instruction}`;
  }
}

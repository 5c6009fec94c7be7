/**
 * The loader on this kernel: its programs, and comparisons with the instructions of libbpf and of the kernel.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { endianness } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { UnsupportedError } from '#src/errors.ts';
import { type Btf, readKernelBtf } from '#src/kernel/bpf/btf/btf.ts';
import { Instructions, PSEUDO } from '#src/kernel/bpf/elf/instructions.ts';
import { readKernelConfig } from '#src/kernel/bpf/load/kernel-config.ts';
import { lateKindsOf, replaceKinds } from '#src/kernel/bpf/load/late-kinds.ts';
import { linkProgram } from '#src/kernel/bpf/load/link-functions.ts';
import { attachIterator, createIterator, runProgram } from '#src/kernel/bpf/load/links.ts';
import { loadObjectBtf } from '#src/kernel/bpf/load/load-btf.ts';
import { type LoadedObject, type LoadOptions, loadObject } from '#src/kernel/bpf/load/load-object.ts';
import { completeObjectBtf } from '#src/kernel/bpf/load/object-btf.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import {
  decodePreparedObject,
  encodePreparedObject,
  type PreparedObject,
} from '#src/kernel/bpf/load/prepared-object.ts';
import { encodeProgramLoad } from '#src/kernel/bpf/sys/bpf-attr.ts';
import type { Bpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { HOST_BYTE_ORDER, StructWriter } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { collectMaps, getProgramInfo } from '#src/kernel/bpf/sys/objects.ts';
import { ownObjects, specify } from '../../captured-types.ts';
import { fixture } from '../../paths.ts';
import { required } from '../../required.ts';
import { scratch } from '../harness.ts';
import { type BpfObjects, openBpfScene } from './bpf-fixtures.ts';
import { requires } from './bpf-requirements.ts';

const ORDER = endianness() === 'LE' ? 'el' : 'eb';

const fixturePath = (name: string) => fixture(`bpf/${name}.bpf${ORDER}.o`);

/** Our own programs, and the fixtures that every kernel accepts: names and paths. */
const COMPARED = [
  ...ownObjects(ORDER),
  ...['core-kernel', 'callbacks', 'kernel-symbols', 'kconfig', 'late-kinds'].map(fixturePath),
].map((path) => [basename(path), path] as const);

/** Those of them that read no type of the kernel. */
const NOT_RELOCATED = /^(callbacks|kconfig)\./;

let bpf: Bpf;
let kernel: Btf;
let objects: BpfObjects;
const closers: (() => void)[] = [];

beforeEach(async (context) => {
  ({ bpf, objects } = await openBpfScene(context));
  kernel ??= readKernelBtf();
});
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
  objects?.closeAll();
});

function needs(context: TestContext, version: string, feature: string): void {
  requires(context, { since: [version, feature] });
}

function prepare(path: string): PreparedObject {
  const prepared = prepareObject(specify(path), kernel, readKernelConfig());
  // The object read back from a cache is loaded, not the original.
  return decodePreparedObject(JSON.parse(JSON.stringify(encodePreparedObject(prepared))));
}

function load(prepared: PreparedObject, options?: LoadOptions): LoadedObject {
  const loaded = loadObject(bpf, prepared, options);
  closers.push(() => loaded.close());
  return loaded;
}

/** The output of one pass of an iterator, as 64-bit numbers. */
function readIterator(loaded: LoadedObject, program: string): bigint[] {
  const link = attachIterator(bpf, loaded.program(program));
  const fd = createIterator(bpf, link.fd);
  const bytes = Buffer.alloc(1 << 20);
  let length = 0;
  for (let more = -1; more !== 0; length += more)
    more = readSync(fd, bytes, length, bytes.length - length, null);
  closeSync(fd);
  link.close();
  return Array.from({ length: length / 8 }, (_, index) =>
    endianness() === 'LE' ? bytes.readBigUInt64LE(8 * index) : bytes.readBigUInt64BE(8 * index),
  );
}

function refusal(act: () => unknown): UnsupportedError {
  try {
    act();
  } catch (error) {
    if (error instanceof UnsupportedError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('loaded programs', () => {
  it("read fields at the offsets of this kernel's types", () => {
    const made = objects.map({ max_entries: 77, map_name: 'seventy_seven' });
    const records = readIterator(load(prepare(fixturePath('core-kernel'))), 'dump_maps');
    const at = records.indexOf(BigInt(made.id) | (77n << 32n));
    expect(at % 8).toBe(0);
    const [, size, offset, exists = 0n, typeSize, values = 0n, types] = records.slice(at, at + 8);
    const member = (path: string) => kernel.findMember('bpf_map', path);
    const has = (path: string) => (member(path) === undefined ? 0n : 1n);
    expect(size).toBe(BigInt(kernel.sizeOf(member('name')?.typeId ?? 0)) + (1n << 9n));
    expect(offset).toBe(
      BigInt(kernel.memberOffset('bpf_map', 'name') ?? 0) |
        (BigInt(kernel.memberOffset('bpf_prog', 'aux') ?? 0) << 32n),
    );
    expect(exists & 0xffn).toBe(has('objcg') | (has('memcg') << 1n));
    expect(typeSize).toBe(BigInt(kernel.sizeOf(kernel.findStruct('bpf_map') ?? 0)));
    expect(values & 0xffn).toBe(1n);
    expect(values >> 9n).toBe(0n);
    expect(types).toBe(0b1101_1101n);
  });

  it('call functions and callbacks, with variables set before loading', (context) => {
    needs(context, '5.17', 'bpf_loop');
    const loaded = load(prepare(fixturePath('callbacks')), { constants: { factor: 5, hidden: 2n } });
    const args = new BigUint64Array([10n, 0n, 0n]);
    const bytes = Buffer.from(args.buffer);
    // 4 * 5 + 2, plus 1.
    expect(runProgram(bpf, loaded.program('run'), bytes)).toBe(23);
    expect([...args]).toEqual([10n, 45n * 5n + 10n * 2n + 1000n, 10n]);
    expect(runProgram(bpf, loaded.program('plain'))).toBe(2);
    const off = load(prepare(fixturePath('callbacks')), { constants: { enabled: false } });
    expect(runProgram(bpf, off.program('run'), bytes)).toBe(7);
    expect(runProgram(bpf, off.program('plain'))).toBe(1);
  });

  it('reject changes of a read-only variable after loading', (context) => {
    needs(context, '5.17', 'bpf_loop');
    const loaded = load(prepare(fixturePath('callbacks')));
    const frozen = readFileSync(`/proc/self/fdinfo/${loaded.map('.rodata').fd}`, 'utf8');
    expect(frozen).toMatch(/^frozen:\s*1$/m);
    expect(readFileSync(`/proc/self/fdinfo/${loaded.map('.bss').fd}`, 'utf8')).toMatch(/^frozen:\s*0$/m);
  });

  it('resolve kernel functions, and accept missing weak ones', (context) => {
    needs(context, '5.13', 'kernel functions that programs call');
    const { id } = objects.map();
    const loaded = load(prepare(fixturePath('kernel-symbols')), { programs: ['count'] });
    const [present, missing, symbols, linkOperations = 0n] = readIterator(loaded, 'count');
    expect(id).toBeGreaterThan(0);
    expect(present).toBe(kernel.findFunc('bpf_map_sum_elem_count') === undefined ? 0n : 1n);
    expect([missing, symbols]).toEqual([0n, 0n]);
    const kallsyms =
      /^([\da-f]+) \S bpf_link_fops$/m.exec(readFileSync('/proc/kallsyms', 'latin1'))?.[1] ?? '0';
    expect(linkOperations).toBe(BigInt(`0x${kallsyms}`));
  });

  it("read the kernel's build configuration", (context) => {
    needs(context, '5.14', 'programs that are called from user space');
    const { version, options = new Map() } = readKernelConfig();
    const loaded = load(prepare(fixturePath('kconfig')));
    const answers = new BigUint64Array(8);
    runProgram(bpf, loaded.program('ask'), Buffer.from(answers.buffer));
    const tristate = { y: 1n, m: 2n }[options.get('CONFIG_EXT4_FS') as string] ?? 0n;
    const memcg = options.get('CONFIG_MEMCG') === 'y' ? BigInt('y'.charCodeAt(0)) : 0n;
    expect([...answers.subarray(0, 6)]).toEqual([
      BigInt(version),
      options.get('CONFIG_BPF_SYSCALL') === 'y' ? 1n : 0n,
      BigInt(options.get('CONFIG_HZ') ?? 0),
      tristate,
      memcg,
      0n,
    ]);
  });

  it('load a single function without passing types to the kernel', () => {
    const loaded = load(prepare(fixturePath('core-kernel')));
    expect(getProgramInfo(bpf, loaded.program('dump_maps').fd).btf_id ?? 0).toBe(0);
  });
});

describe('a program with functions whose types use kinds that old kernels lack', () => {
  /** Loads the object and compares the output of its iterator for a map with the expected one. */
  function expectDump(prepared: PreparedObject): void {
    const { id } = objects.map({ max_entries: 77 });
    expect(id).toBeGreaterThan(0);
    const loaded = load(prepared, { constants: { factor: 5 } });
    expect(getProgramInfo(bpf, loaded.program('dump').fd).btf_id ?? 0).toBeGreaterThan(0);
    const records = readIterator(loaded, 'dump');
    const at = records.findIndex((value, index) => index % 4 === 0 && value === 77n);
    expect(records.slice(at, at + 4)).toEqual([77n, 77n * 5n + 1n, 40n + 77n + 1n, BigInt.asUintN(64, -77n)]);
  }

  it('is loaded with types that this kernel supports', () => {
    expectDump(prepare(fixturePath('late-kinds')));
  });

  it('has types that the kernel accepts whichever kinds are replaced', () => {
    const prepared = prepare(fixturePath('late-kinds'));
    const { btf = Buffer.alloc(0) } = prepared;
    const kinds = lateKindsOf(btf, 'late-kinds');
    expect(kinds.length).toBe(4);
    expectDump({ ...prepared, btf: replaceKinds(btf, 'late-kinds', kinds) });
  });
});

describe('features that this kernel lacks', () => {
  it.each([
    ['no_field', 2, 'struct bpf_map has no field "no_such.field[2]"'],
    ['no_struct', 2, 'this kernel has no struct no_such_struct'],
    ['other_type', 2, 'field "name" of struct bpf_map has an incompatible type'],
    ['no_value', 2, 'enum bpf_map_type has no value "BPF_MAP_TYPE_NEVER"'],
    ['no_function', 4, 'this kernel has no function cmemstat_no_such_function in its BTF'],
  ])('report program, instruction and the missing feature: %s', (program, instruction, reason) => {
    const prepared = prepare(fixturePath('unmet'));
    const error = refusal(() => load(prepared, { programs: [program] }));
    expect(error.message).toBe(`program "${program}": instruction ${instruction}: ${reason}`);
    expect(String((error.cause as Error).cause)).toMatch(`invalid func unknown#195896080`);
  });

  it('report the missing attach target', () => {
    const prepared = prepare(fixturePath('unmet'));
    expect(refusal(() => load(prepared, { programs: ['no_iterator'] })).message).toBe(
      'program "no_iterator": this kernel has no bpf_iter_cmemstat_no_such_iterator',
    );
  });

  it('do not prevent the other programs of the object from loading, and leave nothing open', () => {
    const prepared = prepare(fixturePath('unmet'));
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    refusal(() => load(prepared, { programs: ['sound', 'no_field'] }));
    expect(descriptors()).toBe(before);
    const { id } = objects.map();
    expect(readIterator(load(prepared, { programs: ['sound'] }), 'sound')).toContain(BigInt(id));
  });
});

describe('other loaders of the same objects', () => {
  const pins = mkdtempSync(join(scratch, 'loader-'));
  let isMounted = false;
  beforeAll(() => {
    isMounted = spawnSync('mount', ['-t', 'bpf', 'bpf', pins]).status === 0;
  });
  afterAll(() => {
    if (isMounted) spawnSync('umount', [pins]);
    rmSync(pins, { recursive: true });
  });

  it.for(COMPARED)('libbpf produces the same instructions of %s', ([name, path], context) => {
    requires(context, { tool: 'bpftool' });
    needsOf(context, name);
    const pin = join(pins, name.replaceAll('.', '_'));
    const prepared = prepare(path);
    const wanted = loadedByDefault(path);
    skipUnavailable(context, prepared);
    // bpftool loads all programs of an object or only the first, and fails with sections with a leading
    // `?`.
    const isWhole = wanted.length === prepared.programs.length;
    execFileSync('bpftool', ['prog', isWhole ? 'loadall' : 'load', path, pin]);
    closers.push(() => rmSync(pin, { recursive: true }));
    const compared = isWhole ? wanted : wanted.slice(0, 1);
    expect(compared).not.toEqual([]);
    const loaded = load(prepared, { programs: compared });
    for (const program of compared) {
      const theirs = dump(['pinned', isWhole ? join(pin, program) : pin]);
      const ours = dump(['id', String(getProgramInfo(bpf, loaded.program(program).fd).id)]);
      expect(ours.length, program).toBeGreaterThan(0);
      expect(ours, program).toEqual(theirs);
    }
  });

  it.for(COMPARED)('the kernel relocates %s to the same instructions', ([name, path], context) => {
    requires(context, { tool: 'bpftool' });
    needs(context, '5.17', 'relocation in the kernel');
    needsOf(context, name);
    const prepared = prepare(path);
    skipUnavailable(context, prepared);
    const names = loadedByDefault(path);
    expect(names).not.toEqual([]);
    const loaded = load(prepared, { programs: names });
    for (const program of names) {
      const fd = loadUnrelocated(path, loaded, program);
      closers.push(() => closeSync(fd));
      const [ours, theirs] = [loaded.program(program).fd, fd].map((each) =>
        dump(['id', String(getProgramInfo(bpf, each).id)]),
      );
      expect(required(ours).length, program).toBeGreaterThan(0);
      expect(ours, program).toEqual(theirs);
    }
  });

  it.each(COMPARED)('%s has records of relocation to compare', (name, path) => {
    const { programs, functions } = specify(path);
    const records = [...programs, ...functions.values()].flatMap(({ coreRelocations }) => coreRelocations);
    expect(records.length > 0).toBe(!NOT_RELOCATED.test(name));
  });

  /**
   * The programs that every kernel with the right features accepts; not those in sections with a leading `?`.
   */
  function loadedByDefault(path: string): string[] {
    return specify(path)
      .programs.filter(({ section }) => !section.startsWith('?'))
      .map(({ name }) => name);
  }

  /** An iterator that the kernel lacks: no loader can load it there. */
  function skipUnavailable(context: TestContext, { programs }: PreparedObject): void {
    const [reason] = programs.flatMap(({ unavailable }) => (unavailable === undefined ? [] : [unavailable]));
    if (reason !== undefined) context.skip(reason);
  }

  /** The kernel features that the fixtures need. */
  function needsOf(context: TestContext, name: string): void {
    if (/^(callbacks|page-)/.test(name)) needs(context, '5.17', 'bpf_loop');
    if (name.startsWith('kconfig')) {
      needs(context, '5.14', 'programs that are called from user space');
      if (readKernelConfig().options === undefined)
        context.skip('libbpf must read the configuration of the kernel');
    }
    if (name.startsWith('kernel-symbols')) needs(context, '6.6', 'bpf_map_sum_elem_count');
  }

  /** The instructions after verification, with the names of maps in place of their ids. */
  function dump(program: string[]): string[] {
    const file = join(scratch, `xlated-${process.pid}`);
    execFileSync('bpftool', ['prog', 'dump', 'xlated', ...program, 'file', file]);
    const instructions = new Instructions(readFileSync(file), HOST_BYTE_ORDER);
    rmSync(file);
    const names = new Map(collectMaps(bpf).map(({ id, name }) => [id, name]));
    return Array.from({ length: instructions.length }, (_, index) => {
      const bytes = instructions.bytes.subarray(8 * index, 8 * index + 8);
      const isMap =
        instructions.isLoadImmediate64(index) &&
        (instructions.source(index) === PSEUDO.MAP_FD || instructions.source(index) === PSEUDO.MAP_VALUE);
      return isMap
        ? `map ${names.get(instructions.immediate(index))} in r${instructions.destination(index)}`
        : bytes.toString('hex');
    });
  }

  /** Loads a program with the compiler's relocations, and passes their records for the kernel to apply. */
  function loadUnrelocated(path: string, loaded: LoadedObject, name: string): number {
    const specification = specify(path);
    const functions = new Map(
      [...specification.functions].map(([key, each]) => [key, { ...each, coreRelocations: [] }] as const),
    );
    const programs = specification.programs.map((each) => ({ ...each, coreRelocations: [] }));
    const raw = prepareObject({ ...specification, functions, programs }, kernel, readKernelConfig());
    const program = raw.programs.find((each) => each.name === name);
    const original = specification.programs.find((each) => each.name === name);
    if (program === undefined || original === undefined) throw new Error(`${path} has no program ${name}`);
    const instructions = new Instructions(Buffer.from(program.instructions), HOST_BYTE_ORDER);
    for (const { instruction, map } of program.maps)
      instructions.setImmediate(instruction, loaded.map(map).fd);
    for (const { instruction, symbol } of program.symbols) {
      const address = new RegExp(`^([\\da-f]+) \\S ${symbol}$`, 'm').exec(
        readFileSync('/proc/kallsyms', 'latin1'),
      )?.[1];
      instructions.setImmediate64(instruction, BigInt(`0x${address ?? 0}`));
    }
    const linked = linkProgram(specification, original, new Map());
    const records = linked.functions.flatMap(({ specification: each, start }) =>
      each.coreRelocations.map((relocation) => ({
        ...relocation,
        instruction: start + relocation.instruction,
      })),
    );
    const relocations = new StructWriter(16 * records.length, HOST_BYTE_ORDER);
    for (const [index, { instruction, typeId, accessOffset, kind }] of records.entries()) {
      const at = 16 * index;
      relocations
        .u32(at, 8 * instruction)
        .u32(at + 4, typeId)
        .u32(at + 8, accessOffset)
        .u32(at + 12, kind);
    }
    const functionInfo = new StructWriter(8 * linked.functions.length, HOST_BYTE_ORDER);
    for (const [index, { specification: each, start }] of linked.functions.entries()) {
      functionInfo.u32(8 * index, start).u32(8 * index + 4, each.typeId);
    }
    const btf = completeObjectBtf(specification) ?? Buffer.alloc(0);
    const btfFd = loadObjectBtf(bpf, btf, path);
    closers.push(() => closeSync(btfFd));
    const license = Buffer.from(`${specification.license}\0`);
    const attr = encodeProgramLoad({
      prog_type: program.type,
      expected_attach_type: program.attachType,
      attach_btf_id: program.attachBtfId ?? 0,
      prog_flags: program.sleepable ? 16 : 0,
      prog_name: name,
      insns: bpf.address(instructions.bytes),
      insn_cnt: instructions.length,
      license: bpf.address(license),
      prog_btf_fd: btfFd,
      func_info: { address: bpf.address(functionInfo.bytes), count: linked.functions.length, size: 8 },
    });
    // After the fields that we use: 116 core_relo_cnt, 128 core_relos, 136 core_relo_rec_size.
    const whole = new StructWriter(144, HOST_BYTE_ORDER);
    attr.copy(whole.bytes);
    whole
      .u32(116, records.length)
      .u64(128, bpf.address(relocations.bytes))
      .u32(136, records.length > 0 ? 16 : 0);
    return bpf.call('BPF_PROG_LOAD', whole.bytes, [
      instructions.bytes,
      license,
      functionInfo.bytes,
      relocations.bytes,
    ]);
  }
});

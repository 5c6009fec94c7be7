/** The BTF of a kernel: `--kernel-btf`, and /sys/kernel/btf/vmlinux. */
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import { computeMapMemory } from '#src/kernel/bpf/memory/map-memory.ts';
import { readMapKernelFacts } from '#src/kernel/bpf/memory/map-struct-sizes.ts';
import { mutateBytes, writeEdge } from '../mutate-bytes.ts';
import { callAll, type DocumentTarget } from './document-target.ts';
import { mapKernelBtf } from './map-kernel.ts';
import { seeds } from './seeds.ts';

const OF_MAPS = [mapKernelBtf('little'), mapKernelBtf('big')];
const KERNELS = () => [...seeds(['test/fixtures/btf'], /\.btf$/), ...OF_MAPS];
const programs = (order: 'el' | 'eb') =>
  seeds(['src/kernel/bpf/programs/compiled'], new RegExp(`${order}\\.o$`));

/** struct btf_header. */
const HEADER_BYTES = 24;

/** Sizes of maps, and relocating cmemstat's own programs. */
export const BTF_TARGET: DocumentTarget = {
  name: 'btf',
  about: "the types of a kernel: formulas for maps, relocating cmemstat's programs",
  extension: 'btf',
  make(random) {
    const kernel = random.pick(KERNELS());
    if (random.chance(0.5)) return mutateBytes(random, kernel, random.pick(KERNELS()), 16);
    const changed = Buffer.from(kernel);
    const end = random.chance(0.2) ? HEADER_BYTES : kernel.length;
    for (let left = random.between(1, 200); left > 0; left -= 1)
      writeEdge(random, changed, random.below(end));
    return changed;
  },
  read(input) {
    const btf = new Btf(input, 'input.btf');
    return callAll([() => computeSizes(btf), () => relocate(btf, input)]);
  },
};

function computeSizes(btf: Btf): string[] {
  const host = { ...readMapKernelFacts(btf), possibleCpus: 4 };
  return Array.from({ length: 40 }, (_, map_type) => {
    const shape = { map_type, key_size: 8, value_size: 100, max_entries: 1000, map_flags: 0 };
    const bytes = computeMapMemory(shape, host)?.bytes ?? 0;
    if (!(bytes >= 0)) throw new Error(`${bytes} bytes for map type ${map_type}`);
    return String(bytes);
  });
}

function relocate(btf: Btf, input: Buffer): string[] {
  for (const program of programs(input[0] === 0xeb ? 'eb' : 'el')) {
    prepareObject(parseObject(program, 'program.o'), btf);
  }
  return [];
}

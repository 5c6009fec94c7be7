/** BPF object files, and programs that embed them. */

import { renderElfReport } from '#src/app/elf/elf-report.ts';
import { forecastElf } from '#src/app/elf/forecast.ts';
import { parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import { capturedTypes } from '../../captured-types.ts';
import { mutateBytes, writeEdge } from '../mutate-bytes.ts';
import type { Random } from '../random.ts';
import { callAll, type DocumentTarget, inputFile } from './document-target.ts';
import { mapKernelBtf } from './map-kernel.ts';
import { seeds } from './seeds.ts';

const OBJECTS = () => seeds(['test/fixtures', 'src/kernel/bpf/programs/compiled'], /\.o$/);
const CONFIG = { version: 0x060c00, options: new Map([['CONFIG_HZ', '250']]) };
const ELF_HEADER_BYTES = 64;

/** Changes the header, the section headers, or one section: changes anywhere mostly hit instructions. */
function mutateElf(random: Random, bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const isBig = bytes[5] === 2;
  const headers = Number(isBig ? bytes.readBigUInt64BE(40) : bytes.readBigUInt64LE(40));
  const areas: readonly (readonly [from: number, length: number])[] = [
    [0, ELF_HEADER_BYTES],
    [headers, bytes.length - headers],
    [headers, bytes.length - headers],
  ];
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const [from, length] = random.pick(areas);
    writeEdge(random, changed, from + random.below(length));
  }
  return changed;
}

/** A program of another machine with objects inside. */
function embed(random: Random, object: Buffer): Buffer {
  const header = Buffer.from(object.subarray(0, ELF_HEADER_BYTES));
  header.writeUInt16LE(62, 18);
  const copies = random.chance(0.02) ? 300 : random.between(1, 3);
  const parts = Array.from({ length: copies }, () => [Buffer.alloc(random.below(100)), object]).flat();
  return Buffer.concat([header, ...parts]);
}

/** What `cmemstat elf` reads, and what cmemstat loads. */
export const ELF_TARGET: DocumentTarget = {
  name: 'elf',
  about: 'BPF object files: cmemstat elf, and preparing them for two kernels',
  extension: 'o',
  make(random) {
    const object = random.pick(OBJECTS());
    const changed = random.chance(0.5)
      ? mutateElf(random, object)
      : mutateBytes(random, object, random.pick(OBJECTS()));
    return random.chance(0.1) && changed.length > ELF_HEADER_BYTES ? embed(random, changed) : changed;
  },
  read: (input) => callAll([() => forecast(input), () => prepare(input)]),
};

let kernelBtf: string | undefined;

async function forecast(input: Buffer): Promise<string[]> {
  kernelBtf ??= inputFile(mapKernelBtf(), 'btf');
  const result = await forecastElf({
    files: [inputFile(input, 'o')],
    kernelBtf,
    possibleCpus: [4, 65_536],
    changes: [],
  });
  return [renderElfReport(result, { plainBytes: false }).join('\n')];
}

const kernels = { little: capturedTypes('6.12'), big: capturedTypes('s390x') };

function prepare(input: Buffer): string[] {
  prepareObject(parseObject(input, 'input.o'), input[5] === 2 ? kernels.big : kernels.little, CONFIG);
  return [];
}

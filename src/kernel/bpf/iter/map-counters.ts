/** How many elements a map holds, by the counters that the kernel keeps: the part of the map iterator that reads them. */

import type { KernelLayout, LayoutQuery } from '../btf/kernel-layout.ts';
import { BPF_F_NO_PREALLOC, type MapTypeName, mapTypeNumber } from '../sys/bpf-enums.ts';
import type { RecordProgram } from './iterator-program.ts';
import { COUNTED, COUNTERS, NUMBERS } from './map-records.ts';

/** Types whose count is in the struct around `struct bpf_map`; the first member is counter 0, the second counter 1. */
const COUNTED_TYPES: readonly {
  types: readonly MapTypeName[];
  /** The counters are behind this pointer. */
  behind?: string;
  members: readonly string[];
}[] = [
  {
    types: ['ringbuf', 'user_ringbuf'],
    behind: 'bpf_ringbuf_map.rb',
    members: ['bpf_ringbuf.consumer_pos', 'bpf_ringbuf.producer_pos'],
  },
  { types: ['queue', 'stack'], members: ['bpf_queue_stack.head', 'bpf_queue_stack.tail'] },
  { types: ['lpm_trie'], members: ['lpm_trie.n_entries'] },
  { types: ['devmap_hash'], members: ['bpf_dtab.items'] },
  // Before 5.10 the struct had another name.
  { types: ['sockhash'], members: ['bpf_shtab.count'] },
  { types: ['sockhash'], members: ['bpf_htab_sock.count'] },
];

/** The hashes that the kernel counts in `elem_count` since 6.6. Source: `bpf_map_init_elem_count()` in hashtab.c. */
const SUM_ELEM_COUNT = 'bpf_map_sum_elem_count';
const ELEM_COUNT = 'bpf_map.elem_count';

/** Before that only those without preallocation kept a count, the large ones of them one per CPU. */
const OLD_HASHES: readonly MapTypeName[] = ['hash', 'percpu_hash', 'hash_of_maps'];
const HTAB = {
  count: 'bpf_htab.count',
  percpuCount: 'bpf_htab.pcount.count',
  percpuParts: 'bpf_htab.pcount.counters',
  isPercpu: 'bpf_htab.use_percpu_counter',
} as const;

/** Tells how far the copies of the CPUs are apart: any variable would do, and no kernel is without this one. */
const ANY_PERCPU_VARIABLE = 'runqueues';

/** What counting asks of the kernel's layout. */
export const COUNTER_LAYOUT: LayoutQuery = {
  members: [
    ELEM_COUNT,
    ...COUNTED_TYPES.flatMap(({ behind, members }) =>
      behind === undefined ? members : [behind, ...members],
    ),
    ...Object.values(HTAB),
  ],
  bits: [],
  functions: [SUM_ELEM_COUNT],
  percpuVariables: [ANY_PERCPU_VARIABLE],
};

/** How the elements of hashes are counted. */
export interface ElementCounting {
  /** The BTF id of `bpf_map_sum_elem_count`, where the kernel has it and lets an iterator call it. */
  elementCount?: number | undefined;
  /** Else: how many CPUs may each have a part of a count. Without either, such counts are absent. */
  possibleCpus?: number;
}

/** The BTF id of `bpf_map_sum_elem_count`; absent before Linux 6.6. */
export function findElementCount(layout: KernelLayout): number | undefined {
  return layout.findFunction(SUM_ELEM_COUNT);
}

/**
 * Puts the counters of a map into its record; `r6` is the map. Ends in a jump to the label `write`.
 * @throws UnsupportedError when the kernel lacks a member that is needed.
 */
export function emitCounters(program: RecordProgram, layout: KernelLayout, means: ElementCounting): void {
  const { asm } = program;
  const sources = COUNTED_TYPES.filter(({ behind, members }) =>
    [behind ?? [], members].flat().every((path) => layout.find(path) !== undefined),
  );
  program.loadMember('r8', 'r6', layout.member('bpf_map.map_type'));
  sources.forEach(({ types }, index) => {
    for (const type of types) asm.jumpIf('r8', '==', mapTypeNumber(type), `counted_${index}`);
  });

  const elemCount = layout.find(ELEM_COUNT);
  if (means.elementCount !== undefined && elemCount !== undefined) {
    program.probeMember('r1', 'r6', elemCount);
    asm.jumpIf('r1', '==', 0, 'write');
    asm.alu('r1', '=', 'r6').callKernelFunction(means.elementCount);
    program.put(COUNTERS[0], 8, 'r0').put(NUMBERS.counted, 4, COUNTED);
  } else {
    emitOldHashCounter(program, layout, means.possibleCpus);
  }
  asm.jump('write');

  sources.forEach(({ behind, members }, index) => {
    asm.label(`counted_${index}`);
    if (behind !== undefined) program.probeMember('r9', 'r6', layout.member(behind));
    members.forEach((path, counter) => {
      program.probeMember('r1', behind === undefined ? 'r6' : 'r9', layout.member(path));
      program.put(COUNTERS[counter as 0 | 1], 8, 'r1');
    });
    program.put(NUMBERS.counted, 4, COUNTED);
    asm.jump('write');
  });
}

/** `r8` is the type of the map. */
function emitOldHashCounter(program: RecordProgram, layout: KernelLayout, possibleCpus = 0): void {
  const { asm } = program;
  const count = layout.find(HTAB.count);
  if (count === undefined) return;
  for (const type of OLD_HASHES) asm.jumpIf('r8', '==', mapTypeNumber(type), 'old_hash');
  asm.jump('write').label('old_hash');
  program.loadMember('r1', 'r6', layout.member('bpf_map.map_flags'));
  asm.alu('r1', '&=', BPF_F_NO_PREALLOC).jumpIf('r1', '==', 0, 'write');
  const isPercpu = layout.find(HTAB.isPercpu);
  if (isPercpu !== undefined) {
    program.probeMember('r1', 'r6', isPercpu);
    asm.jumpIf('r1', '==', 0, 'one_counter');
    emitPercpuSum(program, layout, possibleCpus);
    asm.jump('write').label('one_counter');
  }
  program.probeMember('r1', 'r6', count);
  program.put(COUNTERS[0], 8, 'r1').put(NUMBERS.counted, 4, COUNTED);
}

/** Adds the parts that the CPUs keep to the count of a `struct percpu_counter`, in counter 0. */
function emitPercpuSum(program: RecordProgram, layout: KernelLayout, possibleCpus: number): void {
  const variable = layout.findPercpuVariable(ANY_PERCPU_VARIABLE);
  if (variable === undefined || possibleCpus === 0) return;
  const { asm } = program;
  program.probeMember('r1', 'r6', layout.member(HTAB.percpuCount)).put(COUNTERS[0], 8, 'r1');
  program.probeMember('r9', 'r6', layout.member(HTAB.percpuParts));
  asm.alu('r8', '=', 0).label('next_cpu').jumpIf('r8', '>=', possibleCpus, 'cpus_done');
  program.percpuOffset('r3', 'r8', variable, 'cpus_done');
  asm.alu('r3', '+=', 'r9');
  program.probeMember('r1', 'r3', { offset: 0, size: 4 });
  asm.alu('r1', '<<=', 32).alu('r1', 's>>=', 32);
  program.take('r2', COUNTERS[0], 8);
  asm.alu('r2', '+=', 'r1');
  program.put(COUNTERS[0], 8, 'r2');
  asm.alu('r8', '+=', 1).jump('next_cpu').label('cpus_done');
  program.put(NUMBERS.counted, 4, COUNTED);
}

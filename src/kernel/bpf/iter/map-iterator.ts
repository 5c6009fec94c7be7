import { SyscallError } from '../../../errors.ts';
import { readPossibleCpus } from '../../possible-cpus.ts';
import type { KernelLayout, LayoutQuery } from '../btf/kernel-layout.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import { type BpfIterator, type ObjectIterator, openIterator, readObjects } from './iterator.ts';
import { ITERATOR_MEMBERS, RecordProgram } from './iterator-program.ts';
import { COUNTER_LAYOUT, type ElementCounting, emitCounters, findElementCount } from './map-counters.ts';
import {
  CGROUP_ID,
  CHARGE_IDENTITY,
  type KernelMap,
  MAP_EXTRA,
  MAP_RECORD_SIZE,
  MapRecords,
  NAME,
  NUMBERS,
  REFCNT,
  USERCNT,
} from './map-records.ts';

/** From the member of `struct bpf_map` to its place in the record, as numbers of 32 bits. */
const COPIED: readonly [member: string, offset: number][] = [
  ['bpf_map.id', NUMBERS.id],
  ['bpf_map.map_type', NUMBERS.type],
  ['bpf_map.key_size', NUMBERS.key_size],
  ['bpf_map.value_size', NUMBERS.value_size],
  ['bpf_map.max_entries', NUMBERS.max_entries],
  ['bpf_map.map_flags', NUMBERS.map_flags],
  ['bpf_map.frozen', NUMBERS.frozen],
  ['bpf_map.btf_key_type_id', NUMBERS.btf_key_type_id],
  ['bpf_map.btf_value_type_id', NUMBERS.btf_value_type_id],
  ['bpf_map.btf_vmlinux_value_type_id', NUMBERS.btf_vmlinux_value_type_id],
];

/** How many levels of cgroups the filter climbs: one below the 65th level is not found. */
const DEEPEST_LEVEL = 64;

/** What the map iterator asks of the kernel's layout. */
export const MAP_ITERATOR_LAYOUT: LayoutQuery = {
  members: [
    ...ITERATOR_MEMBERS,
    'bpf_iter__bpf_map.meta',
    'bpf_iter__bpf_map.map',
    ...COPIED.map(([member]) => member),
    'bpf_map.name',
    'bpf_map.refcnt',
    'bpf_map.usercnt',
    'bpf_map.map_extra',
    'bpf_map.btf',
    'btf.id',
    'bpf_map.objcg',
    'bpf_map.memcg',
    'obj_cgroup.memcg',
    'mem_cgroup.css.cgroup',
    'mem_cgroup.css.parent',
    'cgroup_subsys_state.cgroup',
    'cgroup_subsys_state.parent',
    'cgroup.kn',
    'kernfs_node.id',
    ...COUNTER_LAYOUT.members,
  ],
  bits: [],
  functions: ['bpf_iter_bpf_map', ...COUNTER_LAYOUT.functions],
  percpuVariables: COUNTER_LAYOUT.percpuVariables,
};

/** The maps of the host as often as one asks. */
export interface MapIterator extends ObjectIterator<KernelMap> {
  /** Whether this kernel says which cgroup a map is charged to. */
  readonly attributesCharge: boolean;
}

/** Which maps an iterator is about. */
export interface MapFilter {
  /** Only maps that are charged to this memory cgroup or one below it: the inode number of its directory. */
  cgroupId?: bigint | undefined;
}

/**
 * An iterator over the maps of this host, or over those of a subtree of cgroups: then the kernel's side leaves out
 * the others. A map that has not changed is the same object as in the read before.
 *
 * Source: the iterator `bpf_map`. Since: Linux 5.8; the cgroup since 5.11. Needs CAP_BPF and CAP_PERFMON.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function openMapIterator(bpf: Bpf, layout: KernelLayout, filter: MapFilter = {}): MapIterator {
  const iterator = loadMapIterator(bpf, layout, filter);
  const records = new MapRecords();
  return {
    ...readObjects(iterator, (bytes) => records.decode(bytes)),
    attributesCharge: chargeOf(layout) !== undefined,
  };
}

function loadMapIterator(bpf: Bpf, layout: KernelLayout, filter: MapFilter): BpfIterator {
  const open = (counting: ElementCounting) =>
    openIterator(bpf, {
      name: 'cmemstat_maps',
      attachBtfId: layout.function('bpf_iter_bpf_map', '5.8'),
      instructions: assembleMapIterator(layout, filter, counting),
    });
  const elementCount = findElementCount(layout);
  const ways: ElementCounting[] = [{ possibleCpus: readPossibleCpus() }, {}];
  if (elementCount !== undefined) ways.unshift({ elementCount });
  for (const way of ways) {
    try {
      return open(way);
    } catch (error) {
      // A kernel may have the function and not let an iterator call it, or not know its own variables by name (that
      // takes CONFIG_KALLSYMS_ALL). Without any count the rest still stands.
      if (way === ways.at(-1) || !(error instanceof SyscallError)) throw error;
    }
  }
  throw new RangeError('there is always a last way');
}

/** The member that leads to the memory cgroup: `objcg` since 6.1, `memcg` from 5.11 to 6.0, none before. */
function chargeOf(layout: KernelLayout): { path: string; throughObjcg: boolean } | undefined {
  if (layout.find('bpf_map.objcg') !== undefined) return { path: 'bpf_map.objcg', throughObjcg: true };
  if (layout.find('bpf_map.memcg') !== undefined) return { path: 'bpf_map.memcg', throughObjcg: false };
  return undefined;
}

/**
 * The program of the map iterator; pure.
 * @throws UnsupportedError when the kernel lacks a member that is needed.
 */
export function assembleMapIterator(
  layout: KernelLayout,
  filter: MapFilter,
  counting: ElementCounting,
): Buffer {
  const program = new RecordProgram(layout, MAP_RECORD_SIZE).begin('bpf_map', { r6: 'map' });
  emitCharge(program, layout, filter);
  for (const [path, offset] of COPIED) {
    const member = layout.find(path);
    if (member !== undefined) program.copy(offset, 4, 'r6', member);
  }
  program.copy(REFCNT, 8, 'r6', layout.member('bpf_map.refcnt'));
  program.copy(USERCNT, 8, 'r6', layout.member('bpf_map.usercnt'));
  const extra = layout.find('bpf_map.map_extra');
  if (extra !== undefined) program.copy(MAP_EXTRA, 8, 'r6', extra);
  const name = layout.member('bpf_map.name');
  program.probe(NAME, Math.min(name.size, 16), 'r6', name.offset);

  program.follow('r8', 'r6', 'bpf_map.btf');
  program.asm.jumpIf('r8', '==', 0, 'no_btf');
  program.copy(NUMBERS.btf_id, 4, 'r8', layout.member('btf.id'));
  program.asm.label('no_btf');

  emitCounters(program, layout, counting);
  return program.asm.label('write') && program.write().end();
}

/** Puts the cgroup and the identity of the charge into the record; with a filter, leaves for maps of other cgroups. */
function emitCharge(program: RecordProgram, layout: KernelLayout, filter: MapFilter): void {
  const charge = chargeOf(layout);
  if (charge === undefined) {
    if (filter.cgroupId !== undefined) program.asm.jump('skip');
    return;
  }
  const { asm } = program;
  const uncharged = filter.cgroupId === undefined ? 'uncharged' : 'skip';
  program.follow('r8', 'r6', charge.path);
  asm.jumpIf('r8', '==', 0, uncharged);
  if (charge.throughObjcg) program.follow('r8', 'r8', 'obj_cgroup.memcg');
  asm.jumpIf('r8', '==', 0, uncharged);
  program.follow('r9', 'r8', 'mem_cgroup.css.cgroup');
  program.follow('r9', 'r9', 'cgroup.kn').follow('r9', 'r9', 'kernfs_node.id');
  program.put(CGROUP_ID, 8, 'r9');
  if (filter.cgroupId !== undefined) {
    asm.load64('r2', filter.cgroupId).jumpIf('r9', '==', 'r2', 'inside');
    program.follow('r8', 'r8', 'mem_cgroup.css.parent');
    for (let level = 0; level < DEEPEST_LEVEL; level++) {
      program.skipIf('r8', '==', 0);
      program.follow('r9', 'r8', 'cgroup_subsys_state.cgroup');
      program.follow('r9', 'r9', 'cgroup.kn').follow('r9', 'r9', 'kernfs_node.id');
      asm.jumpIf('r9', '==', 'r2', 'inside');
      program.follow('r8', 'r8', 'cgroup_subsys_state.parent');
    }
    asm.jump('skip').label('inside');
  }
  // The verifier lets no typed pointer out as a number: only a copy of its bytes.
  program.probe(CHARGE_IDENTITY, 8, 'r6', layout.member(charge.path).offset);
  if (uncharged === 'uncharged') asm.label('uncharged');
}

/**
 * The objects that belong to a cgroup: those charged to it, if the kernel reports it, and those that its
 * processes hold.
 */
import type { ProgramBelonging } from '../../model/bpf-inventory.ts';
import type { BpfHolders } from './holders.ts';
import type { SourceLink, SourceProgram } from './source.ts';

/**
 * Objects that processes hold: through a descriptor, or through a link or program that they have a descriptor
 * for.
 */
export interface HeldObjects {
  readonly maps: ReadonlySet<number>;
  readonly programs: ReadonlySet<number>;
  readonly links: ReadonlySet<number>;
}

/** The objects held by the processes with these pids. */
export function heldBy(
  pids: readonly number[],
  holders: BpfHolders,
  programs: readonly SourceProgram[],
  links: readonly SourceLink[],
): HeldObjects {
  const wanted = new Set(pids);
  const ours = (kind: keyof BpfHolders) =>
    [...holders[kind]].filter(([, each]) => each.some(({ pid }) => wanted.has(pid))).map(([id]) => id);
  const heldLinks = new Set(ours('link'));
  const heldMaps = new Set(ours('map'));
  const heldPrograms = new Set(ours('program'));
  for (const { id, prog_id, map_id } of links) {
    if (!heldLinks.has(id)) continue;
    if (prog_id !== undefined) heldPrograms.add(prog_id);
    if (map_id !== undefined) heldMaps.add(map_id);
  }
  for (const { id, map_ids } of programs) {
    if (heldPrograms.has(id)) for (const mapId of map_ids) heldMaps.add(mapId);
  }
  return { maps: heldMaps, programs: heldPrograms, links: heldLinks };
}

/** The maps that each process holds, as {@link heldBy} finds them, by pid. */
export function mapsByHolder(
  holders: BpfHolders,
  programs: readonly Pick<SourceProgram, 'id' | 'map_ids'>[],
  links: readonly SourceLink[],
): Map<number, Set<number>> {
  const mapsOfProgram = new Map(programs.map(({ id, map_ids }) => [id, map_ids]));
  const held = new Map<number, Set<number>>();
  const add = (pid: number, ids: readonly number[]) => {
    let maps = held.get(pid);
    if (maps === undefined) {
      maps = new Set();
      held.set(pid, maps);
    }
    for (const id of ids) maps.add(id);
  };
  for (const [id, processes] of holders.map) for (const { pid } of processes) add(pid, [id]);
  for (const [id, processes] of holders.program) {
    for (const { pid } of processes) add(pid, mapsOfProgram.get(id) ?? []);
  }
  for (const { id, prog_id, map_id } of links) {
    for (const { pid } of holders.link.get(id) ?? []) {
      if (prog_id !== undefined) add(pid, mapsOfProgram.get(prog_id) ?? []);
      if (map_id !== undefined) add(pid, [map_id]);
    }
  }
  return held;
}

/** Why a program that uses `mapIds` belongs to the cgroup; absent if it does not. */
export function belongingOf(
  program: SourceProgram,
  held: HeldObjects,
  mapIds: ReadonlySet<number>,
): ProgramBelonging | undefined {
  if (held.programs.has(program.id)) return 'held';
  return program.map_ids.some((id) => mapIds.has(id)) ? 'uses-maps' : undefined;
}

/** Whether a link belongs to the cgroup: it is held, or refers to one of its programs or maps. */
export function isLinkOf(
  link: SourceLink,
  held: HeldObjects,
  programIds: ReadonlySet<number>,
  mapIds: ReadonlySet<number>,
): boolean {
  const { id, prog_id, map_id } = link;
  return (
    held.links.has(id) ||
    (prog_id !== undefined && programIds.has(prog_id)) ||
    (map_id !== undefined && mapIds.has(map_id))
  );
}

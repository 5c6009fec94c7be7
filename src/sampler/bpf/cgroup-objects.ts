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

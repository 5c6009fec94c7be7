/** The document that `cmemstat top --json` prints. What is unknown is left out. */
import type { CgroupLabel } from '../../cgroup/resolve/cgroup-labels.ts';
import { HOST_FIGURES, type HostReading } from '../../model/host/host-cgroups.ts';
import type { HostRow } from '../../model/host/host-tree.ts';

/** What a document is made of. */
export interface TopDocumentSource {
  readonly reading: HostReading;
  readonly rows: readonly HostRow[];
  readonly labelOf: (cgroup: HostRow['cgroup']) => CgroupLabel;
}

/** Creates the document; `cgroups` is an iterable, to be read once. */
export function toTopDocument(source: TopDocumentSource, cmemstat: string): Record<string, unknown> {
  const { reading, rows } = source;
  const hidden = reading.cgroups.length - rows.length;
  return {
    version: 1,
    cmemstat,
    cgroupVersion: reading.version,
    elapsedMs: Math.round(reading.elapsedMs),
    cgroups: documentCgroups(source),
    ...(hidden === 0 ? {} : { hidden }),
    uncharged: reading.uncharged,
    absent: reading.absent,
  };
}

function* documentCgroups({ rows, labelOf }: TopDocumentSource): Generator<Record<string, unknown>> {
  for (const { cgroup, depth } of rows) {
    const { name, owner } = labelOf(cgroup);
    const { id, path, figures } = cgroup;
    const row: Record<string, unknown> = { cgroup: path, cgroupId: id.toString(), depth, name };
    if (owner !== undefined) row.owner = { kind: owner.kind, runtime: owner.runtime, id: owner.id };
    for (const figure of HOST_FIGURES) {
      const value = figures[figure];
      if (value !== undefined) row[figure] = figure === 'growth' ? Math.round(value) : value;
    }
    yield row;
  }
}

/** A node whose containers, units and maps a test chooses; nothing of this host is read. */
import { Collector, type CollectorOptions } from '#src/app/exporter/collect/collector.ts';
import { CgroupLabels } from '#src/cgroup/resolve/cgroup-labels.ts';
import { EXPOSED } from '#src/export/exporter-names.ts';
import { renderExposition } from '#src/export/exposition.ts';
import type { InventoryMap } from '#src/model/bpf-inventory.ts';
import type {
  CgroupDetails,
  FiguresOfCgroup,
  HostCgroup,
  HostReading,
} from '#src/model/host/host-cgroups.ts';
import type { HostReader } from '#src/sampler/host/host-reader.ts';

const MIB = 1024 ** 2;

/** What a cgroup has. */
export interface NodeCgroup {
  path: string;
  mib: number;
  figures?: FiguresOfCgroup;
  details?: CgroupDetails;
}

/** A node that can be changed between two collections. */
export class ExampleNode implements HostReader {
  cgroups: NodeCgroup[] = [];
  maps: readonly InventoryMap[] | undefined = [];
  elsewhere: ReadonlyMap<string, number> = new Map();
  failure: Error | undefined;
  nowMs = 1_000;
  readonly computeCost = () => undefined;
  /** How often BPF maps were tried again. */
  retries = 0;
  /** How often cgroups were read. */
  reads = 0;
  /** The cgroups whose details were read, one path for each reading. */
  readonly detailsRead: string[] = [];
  detailsFailure: Error | undefined;
  #ids = new Map<string, bigint>();
  #nextId = 1n;
  #last: HostCgroup[] = [];

  /** Gives the cgroup another identity, as when it is removed and created again. */
  recreate(path: string): void {
    this.#ids.delete(path);
  }

  /** Forgets the identities of cgroups that are gone. */
  forgetGone(): void {
    const paths = new Set(this.#last.map(({ path }) => path));
    for (const path of this.#ids.keys()) if (!paths.has(path)) this.#ids.delete(path);
  }

  read(): HostReading {
    this.reads += 1;
    if (this.failure !== undefined) throw this.failure;
    const root = this.#make({ path: '/', mib: 900 }, undefined);
    const made = new Map([['/', root]]);
    for (const cgroup of this.cgroups) {
      const parts = cgroup.path.split('/').slice(1);
      let parent = root;
      for (const [depth] of parts.entries()) {
        const path = `/${parts.slice(0, depth + 1).join('/')}`;
        const found = made.get(path) ?? this.#make(path === cgroup.path ? cgroup : { path, mib: 0 }, parent);
        made.set(path, found);
        parent = found;
      }
    }
    this.#last = [...made.values()];
    return {
      version: 2,
      isWholeHost: true,
      cgroups: [root, ...this.#last.slice(1)],
      uncharged: { bytes: 100 * MIB, parts: { slab: 40 * MIB, other: 60 * MIB } },
      absent: this.maps === undefined ? [{ figure: 'bpf', reason: 'CAP_BPF is missing' }] : [],
      totals: { total: 4096 * MIB, free: 1024 * MIB },
      removedCgroups: 2,
      maps: this.maps,
      elapsedMs: this.nowMs,
    };
  }

  readDetails({ path }: HostCgroup): CgroupDetails {
    this.detailsRead.push(path);
    if (this.detailsFailure !== undefined) throw this.detailsFailure;
    return this.cgroups.find((each) => each.path === path)?.details ?? { peak: 1, limit: 2, stall: {} };
  }

  heldElsewhere(): ReadonlyMap<HostCgroup, number> | undefined {
    if (this.maps === undefined) return undefined;
    return new Map(
      this.#last.flatMap((cgroup) => {
        const bytes = this.elsewhere.get(cgroup.path);
        return bytes === undefined ? [] : [[cgroup, bytes] as const];
      }),
    );
  }

  async retryBpf(): Promise<void> {
    this.retries += 1;
  }

  close(): void {}

  #make({ path, mib, figures = {} }: NodeCgroup, parent: HostCgroup | undefined): HostCgroup {
    let id = this.#ids.get(path);
    if (id === undefined) {
      id = this.#nextId;
      this.#nextId += 1n;
      this.#ids.set(path, id);
    }
    const bpf = this.maps === undefined ? {} : { bpf: 0, orphaned: 0, bpfUncharged: 0 };
    const bytes = mib * MIB;
    const sizes = { current: bytes, workingset: bytes / 2, kernel: bytes / 4, anon: bytes / 4, swap: 0 };
    return {
      id,
      path,
      directory: `/nowhere${path}`,
      parent,
      depth: parent === undefined ? 0 : parent.depth + 1,
      figures: { ...sizes, ...bpf, ...figures },
    };
  }
}

/** Collects from a node; `filesBelow` has the files of runtimes. */
export function collectorOf(node: ExampleNode, options: Partial<CollectorOptions> = {}): Collector {
  return new Collector({
    reader: node,
    cgroupVersion: 2,
    names: new CgroupLabels('/nonexistent'),
    withCadvisorNames: false,
    now: () => node.nowMs,
    ...options,
  });
}

/** The figures of a collection by their name with labels. */
export async function seriesOf(collector: Collector): Promise<Map<string, number>> {
  const { figures } = await collector.collect();
  const lines = renderExposition(figures, Object.values(EXPOSED), 'text').trimEnd().split('\n');
  return new Map(
    lines
      .filter((line) => !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1).replace('+Inf', 'Infinity'))];
      }),
  );
}

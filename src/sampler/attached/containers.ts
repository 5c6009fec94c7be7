/** The containers of a pod that was attached to: what each of them is charged for. */
import type { ContainerSummary } from '../../model/restarts.ts';
import type { ContainerUsage } from '../../model/sample.ts';
import { openSizeReader, type SizeReader } from '../size-reader.ts';

/** A container below a cgroup. */
export interface FoundContainer {
  directory: string;
  /** Its path below the cgroup that was attached to. */
  cgroup: string;
  name?: string;
}

/** Interval at which containers are looked for. Unit: milliseconds. */
const SEARCH_MS = 2000;

/** Maximum number of containers that are read. */
const MAX_READ = 50;

/** Reads the containers with each sample, and keeps what each used at most. */
export class Containers {
  readonly #find: () => Promise<readonly FoundContainer[]>;
  readonly #version: 1 | 2;
  readonly #readers = new Map<string, { container: FoundContainer; reader: SizeReader }>();
  readonly #summaries = new Map<string, ContainerSummary>();
  #dueMs = 0;

  constructor(version: 1 | 2, find: () => Promise<readonly FoundContainer[]>) {
    this.#version = version;
    this.#find = find;
  }

  /** The containers that exist now. */
  async read(nowMs: number): Promise<ContainerUsage[]> {
    if (nowMs >= this.#dueMs) {
      this.#dueMs = nowMs + SEARCH_MS;
      await this.#search();
    }
    const usages: ContainerUsage[] = [];
    for (const [directory, { container, reader }] of this.#readers) {
      const reading = reader.read();
      if (reading?.current === undefined) this.#close(directory, reader);
      else {
        const { cgroup, name } = container;
        const usage: ContainerUsage = {
          cgroup,
          ...(name === undefined ? {} : { name }),
          current: reading.current,
        };
        for (const part of ['anon', 'file', 'shmem'] as const) {
          const bytes = reading.stat.valueOf(part);
          if (bytes !== undefined) usage[part] = bytes;
        }
        usages.push(usage);
        this.#sumUp(usage);
      }
    }
    return usages;
  }

  /** What each container used, those that are gone too; in the order in which they were found. */
  summary(): ContainerSummary[] {
    return [...this.#summaries.values()];
  }

  close(): void {
    for (const [directory, { reader }] of this.#readers) this.#close(directory, reader);
  }

  #close(directory: string, reader: SizeReader): void {
    this.#readers.delete(directory);
    reader.close();
  }

  async #search(): Promise<void> {
    for (const container of await this.#find()) {
      if (this.#readers.size >= MAX_READ || this.#readers.has(container.directory)) continue;
      const reader = openSizeReader(this.#version, container.directory);
      this.#readers.set(container.directory, { container, reader });
    }
  }

  #sumUp({ cgroup, name, current }: ContainerUsage): void {
    const known = this.#summaries.get(cgroup);
    // A restarted pod may have any number of containers.
    if (known === undefined && this.#summaries.size >= MAX_READ) return;
    this.#summaries.set(cgroup, {
      cgroup,
      ...(name === undefined ? {} : { name }),
      peakBytes: Math.max(current, known?.peakBytes ?? 0),
      lastBytes: current,
    });
  }
}

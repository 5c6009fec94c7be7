/** The sizes of the containers of a pod over a run. */
import type { ContainerUsage } from '../../../model/sample.ts';
import { EntityHistory } from './entity-history.ts';
import { CONTAINER_WIDTH, type ContainerEntity, type EntitiesOf } from './page-model.ts';

/** More containers are left out, the smallest. */
const MAX_CONTAINERS = 200;

/** Collects them; a container that another one of its name replaces is one of its own. */
export class ContainerHistory {
  readonly #history = new EntityHistory(CONTAINER_WIDTH);
  readonly #infos = new Map<number, Pick<ContainerEntity, 'name' | 'cgroup'>>();
  readonly #ids = new Map<string, number>();
  #nextId = 1;

  /** Adds those of a sample: all that there are. */
  add(elapsedMs: number, containers: readonly ContainerUsage[]): void {
    this.#history.at(elapsedMs);
    const present = new Set(containers.map(({ cgroup }) => cgroup));
    for (const [cgroup, id] of this.#ids) {
      if (present.has(cgroup)) continue;
      this.#history.remove(id);
      this.#ids.delete(cgroup);
    }
    for (const { cgroup, name = cgroup, current } of containers) {
      const id = this.#ids.get(cgroup) ?? this.#nextId++;
      this.#ids.set(cgroup, id);
      this.#infos.set(id, { name, cgroup });
      this.#history.set(id, [current]);
    }
    this.#history.trim(this.#infos);
  }

  finish(): EntitiesOf<ContainerEntity> {
    const history = this.#history.finish(MAX_CONTAINERS);
    const entities = history.entities.flatMap((entity) => {
      const info = this.#infos.get(entity.id);
      return info === undefined ? [] : [{ ...info, ...entity }];
    });
    return { ...history, entities };
  }
}

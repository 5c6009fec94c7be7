/** Records with numbers in place of names that users chose, which may be confidential. */
import { hideNames } from '../model/explain/hide-names.ts';
import type { ProcessRow } from '../model/recorded-processes.ts';
import type { LiveMap, RecordLine } from '../model/recording.ts';

/** Replaces names; the same object has the same number in all records of a run. */
export class NameHider {
  readonly #processes = new Numbers();
  readonly #maps = new Numbers();

  /** The record without names of files, commands, users, cgroups and maps, and without texts of events. */
  hide(record: RecordLine): RecordLine {
    switch (record.type) {
      case 'start': {
        this.#processes.clear();
        this.#maps.clear();
        const { leaf: _, attached, budgets: __, ...shown } = record;
        return {
          ...shown,
          command: ['command'],
          ...(attached === undefined
            ? {}
            : { attached: { target: 'cgroup', cgroup: 'cgroup', peakSince: attached.peakSince } }),
        };
      }
      case 'sample':
        return record;
      case 'event': {
        const { message: _, hint: __, cgroup: ___, from: ____, attached: _____, ...shown } = record;
        return shown;
      }
      case 'maps':
        return { ...record, maps: record.maps.map((map) => this.#hideMap(map)) };
      case 'processes': {
        const { programs: _, ...shown } = record;
        return { ...shown, processes: record.processes.map((row) => this.#hideProcess(row)) };
      }
      case 'explain': {
        const { message: _, cgroup: __, ...shown } = record;
        return { ...shown, tree: hideNames(record.tree), beside: record.beside.map(hideNames) };
      }
      case 'summary':
        return { ...record, command: ['command'] };
    }
  }

  #hideMap({ cgroup: _, holders: __, programs: ___, ...map }: LiveMap): LiveMap {
    return { ...map, name: map.name === '' ? '' : `BPF map ${this.#maps.of(map.id)}` };
  }

  #hideProcess({ cgroup: _, ...row }: ProcessRow): ProcessRow {
    return { ...row, comm: `process ${this.#processes.of(row.pid)}` };
  }
}

/** Numbers from 1 on, in the order of the first use. */
class Numbers {
  readonly #numbers = new Map<number, number>();

  of(id: number): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.#numbers.set(id, this.#numbers.size + 1);
    return this.#numbers.size;
  }

  clear(): void {
    this.#numbers.clear();
  }
}

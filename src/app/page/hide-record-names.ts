/** Replaces the names of files, commands, processes and maps, which may be confidential. */

import { hideNames } from '../../model/explain/hide-names.ts';
import type { RecordLine } from '../../model/recording.ts';
import type { Grown, Verdict } from '../../model/verdict.ts';

/** Events whose messages have names in them. */
const HIDDEN = '(hidden)';

/** The same name gets the same number in all records. */
export class NameHider {
  readonly #numbers = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** What a name of this kind is called instead. */
  rename(kind: string, name: string): string {
    if (name === '') return '';
    const key = `${kind}\0${name}`;
    let shown = this.#numbers.get(key);
    if (shown === undefined) {
      const count = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, count);
      shown = `${kind} ${count}`;
      this.#numbers.set(key, shown);
    }
    return shown;
  }

  /** The same record without names. */
  hideRecord(record: RecordLine): RecordLine {
    switch (record.type) {
      case 'start': {
        const { leaf: _, attached, ...shown } = record;
        return {
          ...shown,
          command: [HIDDEN],
          placement: { ...record.placement, reason: HIDDEN },
          ...(attached === undefined ? {} : { attached: { ...attached, target: HIDDEN, cgroup: HIDDEN } }),
        };
      }
      case 'event': {
        const { message, hint: _, cgroup: __, from: ___, attached: ____, ...shown } = record;
        return message === undefined || record.event === 'budget_exceeded'
          ? { ...shown, ...(message === undefined ? {} : { message }) }
          : { ...shown, message: HIDDEN };
      }
      case 'maps':
        return {
          ...record,
          maps: record.maps.map(({ holders = [], programs: _, cgroup: __, ...map }) => ({
            ...map,
            name: this.rename('BPF map', map.name),
            holders: holders.map(({ pid, comm }) => ({ pid, comm: this.rename('process', comm) })),
          })),
        };
      case 'processes': {
        const { programs: _, ...shown } = record;
        return {
          ...shown,
          processes: record.processes.map(({ cgroup: _cgroup, ...row }) => ({
            ...row,
            comm: this.rename('process', row.comm),
          })),
        };
      }
      case 'summary': {
        const { leaf: _, elsewhere: __, explained: ___, bpf, ...shown } = record;
        const { advice: _advice, maps: _maps, mapBytes: _bytes, leftovers: _left, ...totals } = bpf ?? {};
        return {
          ...shown,
          command: [HIDDEN],
          ...(bpf === undefined ? {} : { bpf: totals }),
          ...(record.containers === undefined ? {} : { containers: this.#hideContainers(record.containers) }),
          outlived: record.outlived.map((each) => ({ ...each, comm: this.rename('process', each.comm) })),
          warnings: hideAll(record.warnings),
        };
      }
      case 'explain': {
        const { message: _, cgroup: __, ...shown } = record;
        return { ...shown, tree: hideNames(record.tree), beside: record.beside.map(hideNames), advice: [] };
      }
      case 'sample':
        return record.containers === undefined
          ? record
          : { ...record, containers: this.#hideContainers(record.containers) };
    }
  }

  #hideContainers<T extends { cgroup: string; name?: string }>(containers: readonly T[]): T[] {
    return containers.map(({ name: _, ...shown }) => {
      const renamed = this.rename('container', shown.cgroup);
      return { ...shown, cgroup: renamed, name: renamed } as unknown as T;
    });
  }

  /** The same verdict without names. */
  hideVerdict(verdict: Verdict): Verdict {
    const { leftovers, leftoverFiles, comparison } = verdict;
    const grown = (kind: string, items: readonly Grown[]) =>
      items.map((each) => ({ ...each, name: this.rename(kind, each.name) }));
    return {
      ...verdict,
      command: [HIDDEN],
      warnings: hideAll(verdict.warnings),
      budgets: verdict.budgets.map((result) => {
        if (result.exceeded === undefined) return result;
        const { names: _, replay: __, ...exceeded } = result.exceeded;
        return {
          ...result,
          exceeded: {
            ...exceeded,
            processes: grown('process', exceeded.processes),
            maps: grown('BPF map', exceeded.maps),
            advice: [],
          },
        };
      }),
      ...(leftovers === undefined
        ? {}
        : { leftovers: leftovers.map((each) => ({ ...each, name: this.rename('BPF map', each.name) })) }),
      ...(leftoverFiles === undefined
        ? {}
        : {
            leftoverFiles: leftoverFiles.map((each) => ({ ...each, name: this.rename('file', each.name) })),
          }),
      ...(comparison === undefined ? {} : { comparison: this.#hideComparison(comparison) }),
    };
  }

  #hideComparison(comparison: NonNullable<Verdict['comparison']>): NonNullable<Verdict['comparison']> {
    const { names: _, base, now, metrics, ...shown } = comparison;
    return {
      ...shown,
      base: { ...base, name: 'the baseline', command: [HIDDEN] },
      now: { ...now, command: [HIDDEN] },
      doubts: hideAll(comparison.doubts),
      metrics: metrics.map(({ names: _names, ...each }) => ({
        ...each,
        metric: each.metric.startsWith('bpf.map:')
          ? `bpf.map:${this.rename('BPF map', each.metric.slice('bpf.map:'.length))}`
          : each.metric,
      })),
    };
  }
}

/** Warnings name files and processes. */
function hideAll(texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : [`${texts.length} hidden by --no-names`];
}

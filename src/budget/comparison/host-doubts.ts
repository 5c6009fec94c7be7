/** Reasons why two sets of runs may not be comparable. */
import { formatCommand, formatShortCommand, safeText } from '../../format/safe-text.ts';
import type { RunFigures, RunHost } from './run-figures.ts';

/** One side of a comparison. */
export interface Side {
  /** The file, or `this run`. */
  name: string;
  runs: readonly RunFigures[];
}

/** The consequence of a difference in a host property. */
const CONSEQUENCES: Readonly<Record<keyof RunHost, (base: RunHost, now: RunHost) => string>> = {
  kernel: (base, now) => `other kernels: ${base.kernel} and ${now.kernel}; kernel memory depends on them`,
  arch: (base, now) => `other architectures: ${base.arch} and ${now.arch}`,
  cpus: (base, now) =>
    `other numbers of CPUs: ${base.cpus} and ${now.cpus}; programs size pools of threads and buffers by them`,
  possibleCpus: (base, now) =>
    `other numbers of possible CPUs: ${base.possibleCpus} and ${now.possibleCpus}; per-CPU memory (percpu, BPF maps that are per CPU, bpf.uncharged) is expected to be ${factor(now.possibleCpus / base.possibleCpus)} as large`,
  pageSizeBytes: (base, now) =>
    `other page sizes: ${base.pageSizeBytes} and ${now.pageSizeBytes} bytes; everything is rounded up to pages`,
};

function factor(ratio: number): string {
  return `${Number(ratio.toPrecision(3))} times`;
}

/** Reasons not to compare at all, for `--strict-host`. Empty if there are none. */
export function hostDoubts(base: Side, now: Side): string[] {
  const doubts = [...mixedHosts(base), ...mixedHosts(now)];
  const [first, second] = [base.runs[0], now.runs[0]];
  if (first === undefined || second === undefined) return doubts;
  if (first.mode !== second.mode) {
    doubts.push(`other modes: ${first.mode} and ${second.mode}; their figures are not comparable`);
  }
  for (const side of [base, now]) {
    if (side.runs.some(({ host }) => host === undefined)) {
      doubts.push(`the host of ${side.name} is unknown: a summary does not contain it, a recording does`);
    }
  }
  const [from, to] = [first.host, second.host];
  if (from === undefined || to === undefined) return doubts.map(safeText);
  const keys = Object.keys(CONSEQUENCES) as (keyof RunHost)[];
  doubts.push(...keys.filter((key) => from[key] !== to[key]).map((key) => CONSEQUENCES[key](from, to)));
  return doubts.map(safeText);
}

function mixedHosts({ name, runs }: Side): string[] {
  const kinds = new Set(runs.map(({ host, mode }) => JSON.stringify([mode, host])));
  return kinds.size > 1 ? [`the runs of ${name} are of several hosts or modes`] : [];
}

/** All of the above, and other differences. */
export function doubtsOf(base: Side, now: Side): string[] {
  const doubts = hostDoubts(base, now);
  const commands = [base, now].map(
    ({ runs }) => new Set(runs.map(({ command }) => formatCommand(command.map(safeText)))),
  );
  const shown = ({ runs }: Side) =>
    [...new Set(runs.map(({ command }) => formatShortCommand(command)))].sort().join('; ');
  const [before, after] = commands.map((each) => [...each].sort().join('; '));
  if (before !== after) doubts.push(`other commands: ${shown(base)} and ${shown(now)}`);
  for (const { name, runs } of [base, now]) {
    const failed = runs.filter(({ status }) => status !== undefined && status !== 0).length;
    const cut = runs.filter(({ status }) => status === undefined).length;
    if (failed > 0) doubts.push(safeText(`${countOf(failed, runs.length)} of ${name} failed`));
    const partial = runs.filter(({ isPartial }) => isPartial === true).length;
    if (partial > 0) {
      doubts.push(safeText(`${countOf(partial, runs.length)} of ${name} used memory in other cgroups`));
    }
    if (cut > 0) doubts.push(safeText(`${countOf(cut, runs.length)} of ${name} truncated`));
  }
  return doubts;
}

function countOf(some: number, all: number): string {
  return all === 1 ? 'the run' : `${some} of ${all} runs`;
}

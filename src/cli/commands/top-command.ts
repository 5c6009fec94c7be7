import { isatty } from 'node:tty';
import type { TopChoice } from '../../app/top/open-top.ts';
import { type PrintTopOptions, printTop } from '../../app/top/print-top.ts';
import type { WatchTopOptions } from '../../app/top/watch-top.ts';
import { UsageError } from '../../errors.ts';
import type { HostSort } from '../../model/host/host-tree.ts';
import { matcherOf } from '../../view/top/top-state.ts';
import { oneOf } from '../options/one-of.ts';
import { checkGlob, parseCount, parsePause } from '../options/parse-value.ts';
import { TOP_SORTS, type TopFlags } from '../options/top-flags.ts';

/** A reading of thousands of cgroups takes about this long. */
const MIN_INTERVAL = '100ms';
const DEFAULT_INTERVAL_MS = 1000;

/**
 * Shows or prints the memory of all cgroups of this host.
 * @throws UsageError; KernelFileError if cgroups cannot be read; OutputError.
 */
export async function top(flags: TopFlags): Promise<number> {
  const request = toTopRequest(flags, isatty(0) && isatty(1));
  if ('view' in request) {
    const { watchTop } = await import('../../app/top/watch-top.ts');
    return watchTop(request.view);
  }
  await printTop(request.print);
  return 0;
}

/** What the flags request; the view is the default on a terminal. @throws UsageError. */
export function toTopRequest(
  flags: TopFlags,
  isTerminal: boolean,
): { view: WatchTopOptions } | { print: PrintTopOptions } {
  const intervalMs =
    flags.interval === undefined ? undefined : parsePause(flags.interval, '--interval', MIN_INTERVAL);
  const choice = toChoice(flags);
  const isView = flags.once !== true && flags.json !== true && flags.top === undefined && isTerminal;
  if (isView) {
    const { sort, depth } = choice;
    const units = flags.bytes === true ? 'bytes' : 'readable';
    const filter = flags.filter ?? '';
    return { view: { sort, depth, filter, units, intervalMs: intervalMs ?? DEFAULT_INTERVAL_MS } };
  }
  if (choice.sort === 'growth' && intervalMs === undefined) {
    const hint = flags.once === true ? 'use --interval 1s in place of --once' : 'add --interval 1s';
    throw new UsageError('--sort', '--sort growth: a single reading shows no growth', hint);
  }
  return { print: { choice, json: flags.json === true, plainBytes: flags.bytes === true, intervalMs } };
}

function toChoice({ sort, depth, top: most, filter }: TopFlags): TopChoice {
  return {
    sort: oneOf<HostSort>(sort, TOP_SORTS, '--sort') ?? 'current',
    depth: depth === undefined ? undefined : depth === '0' ? 0 : parseCount(depth, '--depth'),
    top: most === undefined ? undefined : parseCount(most, '--top'),
    matches: filter === undefined || filter === '' ? undefined : matcherOf(checkGlob(filter, '--filter')),
  };
}

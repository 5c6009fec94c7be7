import { readFileSync } from 'node:fs';
import { type ExporterOptions, runExporter } from '../../app/exporter/exporter.ts';
import { type ExporterConfig, parseExporterConfig, parseKey } from '../../app/exporter/exporter-config.ts';
import { describeErrno, errnoOf, InputError, UsageError } from '../../errors.ts';
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { parseDuration } from '../../format/units.ts';
import { matcherOf } from '../../view/top/top-state.ts';
import type { ExporterFlags } from '../options/exporter-flags.ts';
import { checkGlob, parseCount } from '../options/parse-value.ts';

const DEFAULT_ADDRESS = '127.0.0.1:9753';

/** What every host has: totals, and what the exporter says of itself. */
const MIN_SERIES = 60;

/** A scan of all pages takes seconds of CPU time. */
const MIN_EXPLAIN_MS = 3_600_000;

/**
 * Serves the memory of this host until a signal.
 * @throws UsageError; InputError for the file of `--config`.
 */
export async function exporter(flags: ExporterFlags): Promise<number> {
  await runExporter(toExporterOptions(flags));
  return 0;
}

/** What the flags and the file request. @throws as `exporter`. */
export function toExporterOptions(flags: ExporterFlags): ExporterOptions {
  const file = flags.config;
  const config: ExporterConfig = file === undefined ? {} : parseExporterConfig(readConfig(file), file);
  /** The option, or the key of the file with its name in errors. */
  const choose = <V, T>(
    flag: V | undefined,
    option: string,
    key: V | undefined,
    keyName: string,
    parse: (value: V, name: string) => T,
  ): T | undefined => {
    if (flag !== undefined) return parse(flag, option);
    return key === undefined || file === undefined ? undefined : parseKey(file, () => parse(key, keyName));
  };
  const address = choose(flags.listen, '--listen', config.listen, 'listen', parseAddress);
  return {
    ...(address ?? parseAddress(DEFAULT_ADDRESS, '--listen')),
    matches: choose(flags.cgroup, '--cgroup', config.cgroups, 'cgroups', anyMatcher),
    maxSeries: choose(flags.maxSeries, '--max-series', config.maxSeries?.toString(), 'maxSeries', parseMax),
    withCadvisorNames: flags.cadvisorNames ?? config.cadvisorNames ?? false,
    explainEveryMs: choose(flags.explain, '--explain', config.explain, 'explain', parseExplain),
  };
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new InputError(file, `--config ${file}: ${describeErrno(errnoOf(error))}`, { cause: error });
  }
}

function parseAddress(text: string, option: string): { host: string; port: number } {
  const [, inBrackets, plain, digits = ''] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) {
    throw new UsageError(
      option,
      `${option} ${text}: expected HOST:PORT`,
      'such as 127.0.0.1:9753 or [::1]:9753',
    );
  }
  const host = inBrackets ?? plain ?? '';
  return { host: host === '' ? '::' : host, port };
}

function anyMatcher(patterns: readonly string[], option: string): ((text: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  if (patterns.includes('')) throw new UsageError(option, `${option}: a pattern is empty`);
  const globs = patterns.map((pattern) => checkGlob(pattern, option));
  const matchers = globs.map(matcherOf);
  return (text) => matchers.some((matches) => matches(text));
}

function parseMax(text: string, option: string): number {
  const max = parseCount(text, option);
  if (max < MIN_SERIES) {
    throw new UsageError(option, `${option} ${text}: must be at least ${MIN_SERIES}, which each host has`);
  }
  return max;
}

function parseExplain(text: string, option: string): number {
  const ms = parseDuration(text, option);
  if (ms < MIN_EXPLAIN_MS || ms > MAX_TIMER_MS) {
    throw new UsageError(option, `${option} ${text}: must be from 1h to 24 days`);
  }
  return ms;
}

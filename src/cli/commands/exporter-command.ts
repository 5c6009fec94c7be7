import { type ExporterOptions, runExporter } from '../../app/exporter/exporter.ts';
import { type ExporterConfig, parseExporterConfig, parseKey } from '../../app/exporter/exporter-config.ts';
import type { OtlpOptions } from '../../app/exporter/otlp/otlp-push.ts';
import { parseOtlpTarget } from '../../app/exporter/otlp/otlp-target.ts';
import { parseListenAddress } from '../../app/http/listen-address.ts';
import { UsageError } from '../../errors.ts';
import { matcherOf } from '../../view/top/top-state.ts';
import type { ExporterFlags } from '../options/exporter-flags.ts';
import { readOptionFile } from '../options/option-file.ts';
import { checkGlob, parseCount, parsePause } from '../options/parse-value.ts';

const DEFAULT_ADDRESS = '127.0.0.1:9753';

/** The figures of every host, and those of the exporter itself. */
const MIN_SERIES = 60;

/** A scan of all pages takes seconds of CPU time. */
const MIN_EXPLAIN = '1h';

const DEFAULT_PUSH_MS = 60_000;
const MIN_PUSH = '1s';

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
  const config: ExporterConfig =
    file === undefined ? {} : parseExporterConfig(readOptionFile(file, '--config'), file);
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
  const otlpHeaders = flags.otlpHeader ?? config.otlpHeaders ?? [];
  const target = choose(flags.otlp, '--otlp', config.otlp, 'otlp', (url) =>
    parseOtlpTarget(url, otlpHeaders, process.env),
  );
  const pushMs = choose(
    flags.otlpInterval,
    '--otlp-interval',
    config.otlpInterval,
    'otlpInterval',
    parsePush,
  );
  if (target === undefined && (pushMs !== undefined || otlpHeaders.length > 0)) {
    const option = pushMs === undefined ? '--otlp-header' : '--otlp-interval';
    throw new UsageError(option, `${option} requires --otlp`);
  }
  const otlp: OtlpOptions | undefined = target && { target, everyMs: pushMs ?? DEFAULT_PUSH_MS };
  const address = choose(flags.listen, '--listen', config.listen, 'listen', parseListenAddress);
  return {
    ...(address ?? parseListenAddress(DEFAULT_ADDRESS, '--listen')),
    matches: choose(flags.cgroup, '--cgroup', config.cgroups, 'cgroups', anyMatcher),
    maxSeries: choose(flags.maxSeries, '--max-series', config.maxSeries?.toString(), 'maxSeries', parseMax),
    withCadvisorNames: flags.cadvisorNames ?? config.cadvisorNames ?? false,
    explainEveryMs: choose(flags.explain, '--explain', config.explain, 'explain', parseExplain),
    webConfig: flags.webConfig ?? config.webConfig,
    otlp,
  };
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

const parsePush = (text: string, option: string) => parsePause(text, option, MIN_PUSH);
const parseExplain = (text: string, option: string) => parsePause(text, option, MIN_EXPLAIN);

import { EXPLAIN_KEYS, type ExplainKey } from '../../app/explain/group-by.ts';
import { printExplanation } from '../../app/explain/print-explanation.ts';
import type { FoundCgroup } from '../../cgroup/find-cgroup.ts';
import { UsageError } from '../../errors.ts';
import { parseSize } from '../../format/units.ts';
import { separatorOf } from '../options/delimited-flags.ts';
import type { ExplainFlags } from '../options/explain-flags.ts';
import { oneOf } from '../options/one-of.ts';
import { parseCount } from '../options/parse-value.ts';

/** More would leave too few pages to estimate from. */
const MAX_SAMPLE = 10_000;

/**
 * Prints the memory of a cgroup, or of the host, by name.
 * @throws UsageError; ToolError if nothing can be read; OutputError.
 */
export async function explain(target: string | undefined, flags: ExplainFlags): Promise<number> {
  if (target === undefined) {
    for (const [flag, option] of [
      [flags.freeze, '--freeze'],
      [flags.used, '--used'],
    ] as const) {
      if (flag === true) throw new UsageError(option, `${option} requires a cgroup`);
    }
  }
  const by = oneOf<ExplainKey>(flags.by, EXPLAIN_KEYS, '--by');
  const options = {
    by,
    top: flags.top === undefined ? undefined : parseCount(flags.top, '--top'),
    minBytes: flags.min === undefined ? undefined : parseSize(flags.min, '--min'),
    sample: flags.sample === undefined ? undefined : parseSample(flags.sample),
  };
  await printExplanation({
    ...options,
    cgroup: target === undefined ? undefined : await findTarget(target),
    names: flags.names,
    freeze: flags.freeze === true,
    used: flags.used === true,
    plainBytes: flags.bytes === true,
    json: flags.json === true,
    separator: separatorOf(flags),
    htmlFile: flags.html === '-' ? '/dev/stdout' : flags.html,
  });
  return 0;
}

async function findTarget(target: string): Promise<FoundCgroup> {
  const { resolveTarget } = await import('../../cgroup/resolve/resolve-target.ts');
  return resolveTarget(target, 'explain');
}

function parseSample(text: string): number {
  const every = parseCount(text, '--sample');
  if (every > MAX_SAMPLE) {
    throw new UsageError('--sample', `--sample ${text}: must be from 1 to ${MAX_SAMPLE}`);
  }
  return every;
}

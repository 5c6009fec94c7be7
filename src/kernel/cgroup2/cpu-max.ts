import { malformed, parseCounter } from '../number.ts';

/**
 * `cpu.max`: a quota and a period in microseconds, or `max` and a period.
 *
 *     50000 100000
 *     max 100000
 *
 * Returns how many CPUs' worth of time that is, or `max`. Source: Documentation/admin-guide/cgroup-v2.rst.
 * @throws KernelFileError if it is neither.
 */
export function parseCpuMax(text: string, path: string): number | 'max' {
  const match = /^(max|\d+) (\d+)\n?$/.exec(text);
  if (match === null) throw malformed(path, 1, `'${text.trimEnd()}' is not 'quota period'`);
  const [, quota = '', period = ''] = match;
  const periodUs = parseCounter(period, path, 1);
  if (periodUs === 0) throw malformed(path, 1, 'the period is 0');
  return quota === 'max' ? 'max' : parseCounter(quota, path, 1) / periodUs;
}

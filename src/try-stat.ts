import { type BigIntStats, statSync } from 'node:fs';

/** The stat of a path of any kind; undefined if it leads nowhere, is too long or cannot be looked up. */
export function tryStat(path: string | Buffer): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

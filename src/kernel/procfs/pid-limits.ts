/** One line of `/proc/<pid>/limits`. */
export interface ProcessLimit {
  /** Without `Max`: `open files`. */
  name: string;
  /** A number, or `unlimited`. */
  soft: string;
  hard: string;
  /** `bytes`, `files`, `us` ...; empty for a priority. */
  unit: string;
}

/**
 * Parses `/proc/<pid>/limits`; lines of another form, such as the first one, are skipped.
 *
 *     Limit                     Soft Limit           Hard Limit           Units
 *     Max open files            1024                 1048576              files
 *
 * Source: proc_pid_limits(5).
 */
export function parseLimits(text: string): ProcessLimit[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', soft = '', hard = '', unit = ''] =
      /^Max (.+?) {2,}(\d+|unlimited) +(\d+|unlimited) *(\S*)/.exec(line) ?? [];
    return name === '' ? [] : [{ name, soft, hard, unit }];
  });
}

import { readFileSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../../../errors.ts';

const PATH = '/proc/kallsyms';

/**
 * The addresses of kernel symbols; unknown and hidden ones are absent.
 * Source: /proc/kallsyms (CONFIG_KALLSYMS). Needs CAP_SYSLOG where `kernel.kptr_restrict` is 1.
 * @throws KernelFileError with the errno.
 */
export function readKernelSymbols(names: ReadonlySet<string>): Map<string, bigint> {
  let text: string;
  try {
    text = readFileSync(PATH, 'latin1');
  } catch (error) {
    const errno = errnoOf(error);
    throw new KernelFileError('read', PATH, `cannot read ${PATH}: ${describeErrno(errno)}`, {
      errno,
      cause: error,
    });
  }
  return parseKernelSymbols(text, names);
}

/**
 * Lines such as `ffffffff81000000 T _stext`, followed by the module in brackets if any; the first occurrence
 * of a name counts.
 * Source: `s_show` in kernel/kallsyms.c.
 */
export function parseKernelSymbols(text: string, names: ReadonlySet<string>): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const [, address = '0', name = ''] of text.matchAll(/^([\da-f]+) \S (\S+)/gm)) {
    if (!names.has(name) || found.has(name)) continue;
    const value = BigInt(`0x${address}`);
    // Without permission to see addresses, all of them are 0.
    if (value !== 0n) found.set(name, value);
  }
  return found;
}

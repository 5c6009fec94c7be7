import type { MapChange } from '../../app/elf/forecast.ts';
import { serveMapMaker } from '../../app/elf/measure-worker.ts';
import { printForecast } from '../../app/elf/print-forecast.ts';
import { UsageError } from '../../errors.ts';
import { parseSize } from '../../format/units.ts';
import { ownCommand } from '../../kernel/files/program-files.ts';

/** The options as unparsed text. */
export interface ElfFlags {
  kernelBtf?: string;
  /** Such as `4,16,128`. */
  cpus?: string;
  /** Such as `events=8M` and `stacks.value_size=1016`. */
  set?: readonly string[];
  json?: true;
  bytes?: true;
  /** Create the maps in a fresh leaf and compare. */
  measure?: true;
  /** Run as the process that creates them; internal. */
  makeMaps?: true;
}

/** Undefined for anything but a number with an optional unit. */
function parseNumber(text: string): number | undefined {
  try {
    return parseSize(text, '--set');
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

const MAX_CPUS = 65_536;
const MAX_ENTRIES = 0xffff_ffff;

/**
 * Prints a forecast of the memory of maps in BPF object files.
 * @throws UsageError, and the errors of `printForecast`.
 */
export async function elf(files: readonly string[], flags: ElfFlags): Promise<number> {
  if (flags.makeMaps === true) {
    await serveMapMaker();
    return 0;
  }
  if (files.length === 0) throw new UsageError('file', 'no object file', 'cmemstat elf agent.bpf.o');
  await printForecast(
    {
      files,
      kernelBtf: flags.kernelBtf,
      possibleCpus: flags.cpus === undefined ? [] : parseCpuCounts(flags.cpus),
      changes: (flags.set ?? []).map(parseChange),
      ...(flags.measure === true ? { maker: makerCommand() } : {}),
    },
    { json: flags.json === true, plainBytes: flags.bytes === true },
  );
  return 0;
}

function makerCommand(): [string, ...string[]] {
  return [...ownCommand(), 'elf', '--make-maps'];
}

/**
 * Parses numbers of possible CPUs: unique, in ascending order.
 * @throws UsageError.
 */
export function parseCpuCounts(text: string): number[] {
  const counts = text.split(',').map(Number);
  if (counts.some((count) => !Number.isInteger(count) || count < 1 || count > MAX_CPUS)) {
    throw new UsageError(
      '--cpus',
      `--cpus ${text}: expected numbers from 1 to ${MAX_CPUS}, such as 4,16,128`,
    );
  }
  return [...new Set(counts)].sort((left, right) => left - right);
}

/**
 * Parses `name=N`, `name.max_entries=N` or `name.value_size=N`; names may contain dots.
 * @throws UsageError.
 */
export function parseChange(text: string): MapChange {
  const match = /^(.+?)(?:\.(max_entries|value_size))?=([^=]+)$/.exec(text);
  const [, map, attribute = 'max_entries', number] = match ?? [];
  if (map === undefined || number === undefined) {
    throw new UsageError('--set', `--set ${text}: expected NAME=N, NAME.max_entries=N or NAME.value_size=N`);
  }
  const value = parseNumber(number);
  if (value === undefined || value < 1 || value > MAX_ENTRIES) {
    throw new UsageError(
      '--set',
      `--set ${text}: ${attribute} must be a number from 1 to ${MAX_ENTRIES}, such as 1024 or 8M`,
    );
  }
  return { map, attribute: attribute === 'value_size' ? 'value_size' : 'max_entries', value };
}

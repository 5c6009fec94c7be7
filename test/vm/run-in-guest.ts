import { parseArgs } from 'node:util';
import { bootGuest, DEFAULT_TIMEOUT_MS } from './guest/guest.ts';
import { KERNEL_NAMES, type KernelName } from './guest/kernels.ts';
import type { GuestResult } from './guest/qemu.ts';
import { bootSystemdGuest } from './guest/systemd-guest.ts';

const USAGE = `usage: tsx test/vm/run-in-guest.ts --kernel ${KERNEL_NAMES.join('|')}|all|systemd
         [--memory MiB] [--swap MiB] [--timeout s] [--env NAME=VALUE]... [--user] [--packages NAME,...] [--verbose] -- command [argument]...`;
const EXIT_USAGE = 2;
const EXIT_VM_FAILED = 125;

class UsageError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const separator = args.indexOf('--');
  const command = separator === -1 ? [] : args.slice(separator + 1);
  const { values } = parseArgs({
    args: args.slice(0, separator === -1 ? undefined : separator),
    options: {
      kernel: { type: 'string' },
      memory: { type: 'string' },
      swap: { type: 'string' },
      timeout: { type: 'string' },
      env: { type: 'string', multiple: true, default: [] },
      user: { type: 'boolean', default: false },
      packages: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  if (command.length === 0 || values.kernel === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return EXIT_USAGE;
  }
  const options = {
    command,
    env: Object.fromEntries(values.env.map(parseVariable)),
    asUser: values.user,
    memoryMiB: parseNumber('--memory', values.memory),
    swapMiB: parseNumber('--swap', values.swap),
    timeoutMs: (parseNumber('--timeout', values.timeout) ?? DEFAULT_TIMEOUT_MS / 1000) * 1000,
    onStdout: (chunk: Buffer) => process.stdout.write(chunk),
    onStderr: (chunk: Buffer) => process.stderr.write(chunk),
  };

  const names = values.kernel === 'all' ? KERNEL_NAMES : [values.kernel];
  let exitCode = 0;
  for (const name of names) {
    if (names.length > 1) process.stderr.write(`== ${name}\n`);
    const result =
      name === 'systemd'
        ? await bootSystemdGuest({ ...options, packages: values.packages?.split(',') })
        : await bootGuest({ ...options, kernel: parseKernelName(name) });
    if (values.verbose) process.stderr.write(`${formatTimes(result)}\n`);
    exitCode = Math.max(exitCode, result.exitCode);
  }
  return exitCode;
}

function formatTimes({ attempts, bootMs, totalMs }: GuestResult): string {
  return `cmemstat-vm: attempts ${attempts}, boot ${bootMs.toFixed(0)} ms, in all ${totalMs.toFixed(0)} ms`;
}

function parseKernelName(text: string): KernelName {
  const name = KERNEL_NAMES.find((each) => each === text);
  if (name === undefined) throw new UsageError(`unknown kernel ${text}\n${USAGE}`);
  return name;
}

function isUsageError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS');
}

function parseVariable(text: string): [name: string, value: string] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`--env ${text} is not NAME=VALUE`);
  }
  return [name, value];
}

function parseNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`${option} ${text} is not a number above 0`);
  return Number(text);
}

// Otherwise a signal would leave the machine's files behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(EXIT_VM_FAILED));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`run-in-guest: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUsageError(error) ? EXIT_USAGE : EXIT_VM_FAILED;
}

import { constants } from 'node:os';
import { errnoName } from '../../../errno.ts';
import { errnoOf, PermissionError, SyscallError, UnsupportedError } from '../../../errors.ts';
import { type Capability, readEffectiveCapabilities } from '../../procfs/capabilities.ts';
import { isInInitialNamespace } from '../../procfs/namespace.ts';
import { BPF_COMMANDS, type BpfCommand } from './bpf-enums.ts';
import { type Libc, openLibc } from './libc.ts';
import { bpfSyscallNumber } from './syscall-numbers.ts';

/** A handle for calling bpf(2). */
export interface Bpf {
  /**
   * Calls bpf(2). `pointees` are the buffers that `attr` points to: they are kept alive during the call.
   *
   * Source: bpf(2). Since: Linux 3.18.
   * @returns a file descriptor or 0, depending on the command.
   * @throws SyscallError with the command and the errno.
   */
  call(command: BpfCommand, attr: Buffer, pointees?: readonly Uint8Array[]): number;
  /** The address of a buffer, for pointers in an attribute. */
  address(buffer: Uint8Array): bigint;
}

/**
 * The same limit as in libbpf: the verifier returns EAGAIN when a signal is pending, and a signal that stays
 * pending must not cause an endless loop.
 */
const ATTEMPTS = 5;

const { EAGAIN, EINTR, EPERM } = constants.errno;

/**
 * Before Linux 5.11 these are charged against RLIMIT_MEMLOCK, summed over all processes of the user, and fail
 * with EPERM above it.
 */
const CHARGED_TO_MEMLOCK: ReadonlySet<BpfCommand> = new Set(['BPF_MAP_CREATE', 'BPF_PROG_LOAD']);

/** Source: `include/uapi/asm-generic/resource.h`; the same on all our architectures. */
const RLIMIT_MEMLOCK = 8;

/**
 * Retries without the limit, then restores it because the target inherits it. Otherwise returns `refused`.
 */
function withoutMemlockLimit(libc: Pick<Libc, 'prlimit'>, call: () => number, refused: number): number {
  const before = Buffer.alloc(16);
  const unlimited = Buffer.alloc(16, 0xff);
  if (libc.prlimit(RLIMIT_MEMLOCK, unlimited, before) < 0) return refused;
  try {
    return call();
  } finally {
    libc.prlimit(RLIMIT_MEMLOCK, before, null);
  }
}

/**
 * bpf(2) of this host.
 * Source: bpf(2).
 * @throws UnsupportedError if koffi cannot be loaded or the architecture is unknown.
 */
export async function openBpf(): Promise<Bpf> {
  return bpfOver(await openLibc(), bpfSyscallNumber());
}

/** bpf(2) by its number, through the given C library, so that tests can substitute one. */
export function bpfOver(libc: Pick<Libc, 'syscall' | 'prlimit' | 'address'>, number: number): Bpf {
  const once = (command: BpfCommand, attr: Buffer): number =>
    libc.syscall(number, BPF_COMMANDS[command], attr, attr.length);
  // A property instead of a local variable: the optimiser may end the lifetime of a local after its last use.
  const alive = { pointees: NOTHING };
  return {
    address: libc.address,
    call(command, attr, pointees = NOTHING) {
      alive.pointees = pointees;
      let result = once(command, attr);
      for (let attempt = 1; attempt < ATTEMPTS && isTransient(command, result); attempt++) {
        result = once(command, attr);
      }
      if (result === -EPERM && CHARGED_TO_MEMLOCK.has(command)) {
        result = withoutMemlockLimit(libc, () => once(command, attr), result);
      }
      alive.pointees = NOTHING;
      if (result < 0) throw new SyscallError('bpf', command, errnoName(-result));
      return result;
    },
  };
}

const NOTHING: readonly Uint8Array[] = [];

function isTransient(command: BpfCommand, result: number): boolean {
  return result === -EINTR || (result === -EAGAIN && command === 'BPF_PROG_LOAD');
}

/**
 * Translates an error of bpf(2): EPERM becomes a PermissionError that names the missing capabilities, ENOSYS
 * and an unknown command become an UnsupportedError; any other error is returned unchanged.
 * Source: bpf(2), ERRORS.
 * @param what the attempted action, such as `list the BPF maps of this host`.
 * @param needs all capabilities that the action requires.
 * @param since the first Linux release that supports the command.
 * @throws KernelFileError if the capabilities cannot be read.
 */
export function explainBpfError(
  error: unknown,
  what: string,
  needs: readonly Capability[],
  since: string,
): unknown {
  if (!(error instanceof SyscallError)) return error;
  switch (errnoOf(error)) {
    case 'EPERM':
    case 'EACCES':
      return permissionError(error, what, needs);
    case 'ENOSYS':
      return new UnsupportedError(
        'bpf(2)',
        `cannot ${what}: this kernel is built without CONFIG_BPF_SYSCALL`,
        {
          cause: error,
        },
      );
    // The kernel reports an unknown command as EINVAL; our arguments are valid on all kernels that know it.
    case 'EINVAL':
      return new UnsupportedError(error.command, `cannot ${what}: this kernel has no ${error.command}`, {
        since,
        cause: error,
      });
    default:
      return error;
  }
}

function permissionError(cause: SyscallError, what: string, needs: readonly Capability[]): PermissionError {
  const effective = readEffectiveCapabilities();
  const missing = needs.filter((capability) => !effective.has(capability) && !effective.has('CAP_SYS_ADMIN'));
  const named = needs.join(' and ');
  if (missing.length > 0) {
    const lacks = missing.length < needs.length ? `, and ${missing.join(' and ')} is missing` : '';
    const hint = capabilityHint(needs);
    return new PermissionError(named, `cannot ${what}: requires ${named}${lacks}`, { hint, cause });
  }
  return new PermissionError(named, `cannot ${what}: bpf(2) was denied despite ${named}`, {
    hint: 'in a container: allow bpf(2) in the seccomp profile, and use the user namespace of the host; else see `cat /sys/kernel/security/lockdown`',
    cause,
  });
}

/** Root that lacks a capability is running in a container. */
function capabilityHint(needs: readonly Capability[]): string {
  const short = needs.map((capability) => capability.slice('CAP_'.length));
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid === 0) {
    // Root of a user namespace, as in a rootless container, gets capabilities that bpf(2) does not accept.
    const asRoot = isInInitialNamespace('user') ? '' : 'as root of its host, ';
    return `start the container ${asRoot}with ${short.map((name) => `--cap-add=${name}`).join(' ')}`;
  }
  const set = short.map((name) => `+${name.toLowerCase()}`).join(',');
  const user = `--reuid=${uid} --regid=${gid} --init-groups`;
  return `run with sudo, or with only these capabilities: sudo setpriv ${user} --inh-caps=${set} --ambient-caps=${set} cmemstat`;
}

/** Chooses the best permitted source of BPF objects, and reports its limitations. */
import { PermissionError, ToolError } from '../../errors.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import {
  type BpfSource,
  type IteratorOptions,
  openIteratorSource,
  type PreparedIterators,
} from './source.ts';
import { openWalkSource } from './walk-source.ts';

/** An open source of BPF objects, and how it attributes them to a cgroup. */
export interface OpenedSource {
  source: BpfSource;
  /** Which maps belong to a cgroup: those charged to it, or only those that its processes hold. */
  attribution: 'memcg' | 'held';
  /** Why it is not `memcg`. */
  reason?: string;
  /** How to make it `memcg`; absent if that is impossible. */
  hint?: string | undefined;
}

/**
 * Opens a source: BPF iterators if possible, otherwise a walk over ids.
 * @throws ToolError if no source can be opened.
 */
export function openBestSource(
  bpf: Bpf,
  prepared: PreparedIterators,
  { cgroupId, holders, links }: IteratorOptions,
): OpenedSource {
  try {
    if (prepared instanceof ToolError) throw prepared;
    const turnedOff = chargeTurnedOff();
    const source = openIteratorSource(bpf, prepared, {
      cgroupId: turnedOff === undefined ? cgroupId : undefined,
      holders,
      links,
    });
    if (turnedOff !== undefined) return { source, attribution: 'held', ...turnedOff };
    if (source.attributesCharge) return { source, attribution: 'memcg' };
    const reason = 'this kernel charges BPF memory to RLIMIT_MEMLOCK of a user, not to a cgroup';
    return { source, attribution: 'held', reason, hint: 'use Linux 5.11 or later' };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const { message: reason, hint } = error;
    try {
      return { source: openWalkSource(bpf), attribution: 'held', reason, hint };
    } catch (walkError) {
      // The iterators need fewer capabilities: if only capabilities are missing, report those.
      throw error instanceof PermissionError ? error : walkError;
    }
  }
}

/**
 * Source: `cgroup.memory=nobpf` since Linux 6.3, `cgroup_disable=memory`;
 * Documentation/admin-guide/kernel-parameters.txt.
 */
function chargeTurnedOff(): { reason: string; hint: string } | undefined {
  const commandLine = readPseudoFile('/proc/cmdline');
  const [option] =
    /(?<=^|\s)(?:cgroup\.memory=\S*\bnobpf\b|cgroup_disable=\S*\bmemory\b)/.exec(commandLine) ?? [];
  if (option === undefined) return undefined;
  return {
    reason: `the kernel was booted with ${option}: BPF memory is charged to no cgroup`,
    hint: `remove ${option} from the kernel command line and reboot`,
  };
}

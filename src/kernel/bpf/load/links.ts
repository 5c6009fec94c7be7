/** Runs loaded programs: iterators by reading them, SYSCALL programs by BPF_PROG_TEST_RUN. */
import { closeSync } from 'node:fs';
import {
  decodeRunResult,
  encodeContextRun,
  encodeIteratorTarget,
  encodeIterCreate,
  encodeLinkCreate,
  type IteratorTarget,
} from '../sys/bpf-attr.ts';
import { type Bpf, explainBpfError } from '../sys/bpf-call.ts';
import type { LoadedProgram } from './load-object.ts';

/** An attached program; closing it detaches it. Source: bpf(2), BPF_LINK_CREATE. */
export interface BpfLink {
  readonly fd: number;
  close(): void;
}

const NEEDS = ['CAP_BPF', 'CAP_PERFMON'] as const;

/**
 * Attaches an iterator, to all objects or to a subset.
 *
 * Source: bpf(2), BPF_LINK_CREATE. Since: Linux 5.8; `target` of a map since 5.8, of tasks and cgroups since
 * 6.1.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function attachIterator(bpf: Bpf, program: LoadedProgram, target?: IteratorTarget): BpfLink {
  const info = target === undefined ? undefined : encodeIteratorTarget(target);
  const place = info && { address: bpf.address(info), length: info.length };
  const attr = encodeLinkCreate(program.fd, program.attachType, undefined, place);
  const fd = attempt('attach a BPF iterator', '5.8', () =>
    bpf.call('BPF_LINK_CREATE', attr, info === undefined ? [] : [info]),
  );
  let isOpen = true;
  return {
    fd,
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/**
 * Starts one pass of an attached iterator; returns a descriptor that the caller reads and closes.
 *
 * Source: bpf(2), BPF_ITER_CREATE. Since: Linux 5.8.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function createIterator(bpf: Bpf, linkFd: number): number {
  return attempt('start a BPF iterator', '5.8', () => bpf.call('BPF_ITER_CREATE', encodeIterCreate(linkFd)));
}

/**
 * Runs a SYSCALL program and returns its result. The program may modify the context buffer.
 *
 * Source: bpf(2), BPF_PROG_TEST_RUN. Since: Linux 5.14.
 * @throws PermissionError, UnsupportedError, SyscallError.
 */
export function runProgram(bpf: Bpf, program: LoadedProgram, context?: Buffer): number {
  const attr = encodeContextRun(
    program.fd,
    context === undefined ? 0n : bpf.address(context),
    context?.length ?? 0,
  );
  attempt(`run the BPF program "${program.name}"`, '5.14', () =>
    bpf.call('BPF_PROG_TEST_RUN', attr, context === undefined ? [] : [context]),
  );
  return decodeRunResult(attr);
}

function attempt(what: string, since: string, call: () => number): number {
  try {
    return call();
  } catch (error) {
    throw explainBpfError(error, what, NEEDS, since);
  }
}

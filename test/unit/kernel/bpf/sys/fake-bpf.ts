/** A bpf(2) that returns descriptors of /dev/null and counts those left open. */
import { closeSync, openSync, readdirSync } from 'node:fs';
import { SyscallError } from '#src/errors.ts';
import type { Bpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import type { BpfCommand } from '#src/kernel/bpf/sys/bpf-enums.ts';

type Answer = (attr: Buffer, pointees: readonly Uint8Array[]) => number;

/** Each supported command with its effect; any other one fails with EINVAL. */
export function fakeBpf(answers: Partial<Record<BpfCommand, Answer>>): Bpf & { calls: BpfCommand[] } {
  const calls: BpfCommand[] = [];
  return {
    calls,
    address: () => 0x1000n,
    call(command, attr, pointees = []) {
      calls.push(command);
      const answer = answers[command];
      if (answer === undefined) throw new SyscallError('bpf', command, 'EINVAL');
      return answer(attr, pointees);
    },
  };
}

/** A result: this errno. */
export function refuse(command: BpfCommand, errno: string): Answer {
  return () => {
    throw new SyscallError('bpf', command, errno);
  };
}

/** A result: a new descriptor, of a file to read from. */
export function descriptor(path = '/dev/null'): Answer {
  return () => openSync(path, 'r');
}

/** The number of descriptors that a piece of code leaves open. */
export function leakedDescriptors(run: () => void): number {
  const before = openDescriptors();
  run();
  return openDescriptors() - before;
}

function openDescriptors(): number {
  // Each listing has one descriptor open itself.
  const fd = openSync('/dev/null', 'r');
  closeSync(fd);
  return readdirSync('/proc/self/fd').length;
}

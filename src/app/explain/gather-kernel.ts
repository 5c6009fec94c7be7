/** Kernel memory of processes: stacks. */
import type { ProcessMemories } from '../../sampler/explain/process-memory.ts';
import type { KernelPart } from './tree/parts.ts';

/**
 * Size of a kernel stack. Unit: bytes.
 * Source: arch/<arch>/include/asm/thread_info.h, page_64_types.h: THREAD_SIZE without KASAN.
 */
const STACK_BYTES = 16 * 1024;

/**
 * The kernel stacks of processes. `kernelStackBytes` is memory.stat's `kernel_stack`, which is exact;
 * processes that exited have none.
 */
export function stackParts(
  { processes }: ProcessMemories,
  kernelStackBytes: number | undefined,
): KernelPart[] {
  const threads = processes.reduce((sum, process) => sum + (process.threads ?? 1), 0);
  const each = kernelStackBytes === undefined || threads === 0 ? STACK_BYTES : kernelStackBytes / threads;
  return processes.map(({ pid, comm, threads: count = 1 }) => ({
    kind: 'kernel-stacks',
    name: comm,
    pid,
    count,
    bytes: Math.round(each * count),
  }));
}

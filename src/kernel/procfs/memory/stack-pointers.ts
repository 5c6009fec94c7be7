import { errnoOf } from '../../../errors.ts';
import { listPseudoDirectory, readPseudoFile } from '../../pseudo-file.ts';

/**
 * The stack pointer in `/proc/<pid>/task/<tid>/syscall`; undefined while the thread is running.
 *
 *     202 0x7f52 0x80 0x2 0x0 0x0 0xffffffff 0x7fff2d0fd850 0x7f8c43d702ad
 *     -1 0x7fff2d0fd850 0x7f8c43d702ad
 *     running
 *
 * Source: proc_pid_syscall(5): the last two fields are the stack pointer and the program counter.
 */
export function parseStackPointer(text: string): number | undefined {
  const [, pointer] = /^-?\d.* 0x([\da-f]+) 0x[\da-f]+$/.exec(text.trimEnd()) ?? [];
  return pointer === undefined ? undefined : Number.parseInt(pointer, 16);
}

/**
 * The stack pointers of the threads of a process that are not running at the moment, in ascending order, of
 * `limit` threads at most. They must not be printed: they are of use to those who attack the process.
 *
 * Source: `/proc/<pid>/task/<tid>/syscall`. Since: Linux 2.6.27. Needs permission to ptrace the process.
 * @throws KernelFileError with the errno.
 */
export function readStackPointers(pid: number, limit: number, procRoot = '/proc'): number[] {
  const pointers: number[] = [];
  const tasks = `${procRoot}/${pid}/task`;
  for (const tid of listPseudoDirectory(tasks).slice(0, limit)) {
    try {
      const pointer = parseStackPointer(readPseudoFile(`${tasks}/${tid}/syscall`));
      if (pointer !== undefined) pointers.push(pointer);
    } catch (error) {
      const errno = errnoOf(error);
      // The thread has exited.
      if (errno !== 'ENOENT' && errno !== 'ESRCH') throw error;
    }
  }
  return pointers.sort((a, b) => a - b);
}

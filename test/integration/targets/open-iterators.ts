/** The iterators that the caller can open, as JSON: `open-iterators.ts rights|pids`. */
import { prepareIteratorObjects } from '#src/kernel/bpf/iter/iterator-objects.ts';
import { openLinkIterator } from '#src/kernel/bpf/iter/link-iterator.ts';
import { openMapIterator } from '#src/kernel/bpf/iter/map-iterator.ts';
import { openProgramIterator } from '#src/kernel/bpf/iter/program-iterator.ts';
import { openTaskFileIterator } from '#src/kernel/bpf/iter/task-file-iterator.ts';
import { openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { listObjectIds } from '#src/kernel/bpf/sys/objects.ts';

const bpf = await openBpf();
const objects = await prepareIteratorObjects(undefined, { directory: '/proc/none' });

/** The names of those that can be opened; of others, the missing capabilities. */
function rights(): string[] {
  const attempts: Record<string, () => unknown> = {
    openMapIterator: () => openMapIterator(bpf, objects).close(),
    openProgramIterator: () => openProgramIterator(bpf, objects).close(),
    openLinkIterator: () => openLinkIterator(bpf, objects).close(),
    openTaskFileIterator: () => openTaskFileIterator(bpf, objects).close(),
    walk: () => listObjectIds(bpf, 'map'),
  };
  return Object.entries(attempts).map(([name, attempt]) => {
    try {
      attempt();
      return name;
    } catch (error) {
      const { needs, message } = error as Error & { needs?: string };
      return needs ?? message;
    }
  });
}

/** Our own process id, and those of the processes that hold BPF objects. */
const pids = (): [number, number[]] => [
  process.pid,
  openTaskFileIterator(bpf, objects)
    .read()
    .map(({ pid }) => pid),
];

process.stdout.write(JSON.stringify(process.argv[2] === 'rights' ? rights() : pids()));

/** Memory by name for the view: many files, hostile and wide names, and a rest without a name. */

import type { ExplainRecord } from '#src/model/explain/explain-record.ts';
import type { Explanation, MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

const MIB = 1024 * 1024;
const KIB = 1024;

const file = (path: string, mib: number, more: Partial<MemoryNode> = {}): MemoryNode => ({
  kind: 'file',
  name: path.replace(/^.*\//, ''),
  path,
  bytes: mib * MIB,
  reclaim: 'reclaimable',
  ...more,
});

const FILES: readonly MemoryNode[] = [
  file('/srv/db/log\u001b[31m\u202e', 30, { dirtyBytes: 9 * MIB, reclaim: 'dirty' }),
  file(`/srv/db/${'日本語'.repeat(30)}`, 12),
  ...Array.from({ length: 10 }, (_, index) => file(`/srv/db/part-${index}`, 1 - index / 16)),
];

const TREE = parentNode({ kind: 'cgroup', name: '/web' }, [
  parentNode({ kind: 'class', name: 'anon' }, [
    parentNode({ kind: 'process', name: 'node server.js', pid: 7 }, [
      { kind: 'mapping', name: '[heap]', bytes: 50 * MIB, reclaim: 'process' },
      { kind: 'mapping', name: '[stack]', bytes: 128 * KIB, reclaim: 'process' },
    ]),
  ]),
  parentNode({ kind: 'class', name: 'file' }, [
    parentNode({ kind: 'mount', name: '/srv', count: FILES.length }, FILES),
  ]),
  parentNode({ kind: 'class', name: 'kernel' }, [
    { kind: 'slab-cache', name: 'dentry', count: 4000, bytes: 768 * KIB, reclaim: 'reclaimable' },
  ]),
  { kind: 'unnamed', name: 'unnamed', bytes: MIB, reclaim: 'kernel' },
]);

/** An explanation with everything that a page can show. */
export const EXPLANATION: Explanation = {
  cgroup: '/web',
  method: 'pages',
  before: { current: 101 * MIB, stat: {} },
  after: { current: 102 * MIB, stat: {} },
  scanMs: 320,
  scannedPages: 6_553_600,
  tree: TREE,
  beside: [{ kind: 'swap', name: 'swap', bytes: 5 * MIB, reclaim: 'process' }],
  missing: [{ term: 'sockets', reason: 'requires Linux 5.15' }],
  advice: [{ kind: 'read-once', bytes: 1, text: 'drop \u001b[2J the log' }],
};

/** The same at a peak, in a recording. */
export const EXPLAIN_RECORD: ExplainRecord = {
  type: 'explain',
  elapsedMs: 2000,
  moment: 'peak',
  ...EXPLANATION,
};

import { expect, it } from 'vitest';
import { renderExplanation } from '#src/app/explain/explanation-table.ts';
import type { Explanation, MemoryNode } from '#src/model/explain/explanation.ts';
import { parentNode } from '#src/model/explain/memory-tree.ts';

const MIB = 1024 * 1024;

const tree = parentNode({ kind: 'cgroup', name: '/web' }, [
  parentNode({ kind: 'class', name: 'anon' }, [
    { kind: 'process', name: 'node server.js', pid: 7, bytes: 60 * MIB, reclaim: 'process' },
  ]),
  parentNode({ kind: 'class', name: 'file' }, [
    {
      kind: 'file',
      name: 'log',
      path: '/srv/log\x1b[31m',
      bytes: 30 * MIB,
      dirtyBytes: 9 * MIB,
      reclaim: 'reclaimable',
    },
    { kind: 'others', name: 'others', count: 4, bytes: 8 * MIB, reclaim: 'reclaimable' },
  ]),
  { kind: 'unnamed', name: 'unnamed', bytes: 2 * MIB, reclaim: 'kernel' },
] satisfies MemoryNode[]);

const explanation: Explanation = {
  cgroup: '/web',
  method: 'pages',
  before: { current: 100 * MIB, stat: {} },
  after: { current: 101 * MIB, stat: {} },
  scanMs: 320,
  scannedPages: 6_553_600,
  tree,
  beside: [{ kind: 'swap', name: 'swap', bytes: 5 * MIB, reclaim: 'process' }],
  missing: [{ term: 'sockets', reason: 'requires Linux 5.15' }],
  advice: [{ kind: 'read-once', bytes: 1, text: 'some advice' }],
};

it('shows a tree with sizes and shares, then how it was read', () => {
  expect(renderExplanation(explanation, { plainBytes: false })).toMatchInlineSnapshot(`
    [
      "   bytes   share  reclaim      name",
      " 100 MiB  100.0%  process      /web  [9.00 MiB dirty]",
      "60.0 MiB   60.0%  process      ├─ anon",
      "60.0 MiB   60.0%  process      │  └─ node server.js (7)",
      "38.0 MiB   38.0%  reclaimable  ├─ file  [9.00 MiB dirty]",
      "30.0 MiB   30.0%  reclaimable  │  ├─ /srv/log\\x1b[31m  [9.00 MiB dirty]",
      "8.00 MiB    8.0%  reclaimable  │  └─ others  [4 names]",
      "2.00 MiB    2.0%  kernel       └─ unnamed",
      "",
      "memory.current: 100 MiB before, 101 MiB after (it changed meanwhile); 98.00% of the tree has a name",
      "method: each page with its owner and name (6553600 pages in 320ms)",
      "missing: sockets: requires Linux 5.15",
      "",
      "not charged to this cgroup, or counted elsewhere:",
      "  5.00 MiB  swap",
      "",
      "advice:",
      "  some advice",
    ]
  `);
});

it('prints plain bytes, and cuts lines to the terminal', () => {
  const lines = renderExplanation(explanation, { plainBytes: true, columns: 40 });
  expect(lines[1]).toContain('104857600');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
});

it('keeps the end of a path and the pid of a command where the line is short', () => {
  const narrow = parentNode({ kind: 'cgroup', name: '/web' }, [
    {
      kind: 'process',
      name: `node ${'--flag '.repeat(20)}server.js`,
      pid: 4711,
      bytes: 5,
      reclaim: 'process',
    },
    {
      kind: 'file',
      name: 'log',
      path: `/srv/${'d'.repeat(200)}/the.log`,
      bytes: 4,
      dirtyBytes: 1,
      reclaim: 'reclaimable',
    },
    { kind: 'slab-cache', name: 'dentry', count: 9_000_000, bytes: 3, note: 'names', reclaim: 'reclaimable' },
    // Two columns each.
    { kind: 'file', name: 'wide', path: `/${'名'.repeat(40)}/end`, bytes: 2, reclaim: 'reclaimable' },
  ] satisfies MemoryNode[]);
  expect(
    renderExplanation({ ...explanation, tree: narrow }, { plainBytes: true, columns: 66 }).slice(1, 6),
  ).toMatchInlineSnapshot(`
    [
      "   14  100.0%  reclaimable  /web  [1 B dirty]",
      "    5   35.7%  process      ├─ node --flag --flag…server.js (4711)",
      "    4   28.6%  reclaimable  ├─ /srv/dddddd…ddddddddddddddd/the.log",
      "    3   21.4%  reclaimable  ├─ dentry  [9000000 objects; names]",
      "    2   14.3%  reclaimable  └─ /名名名名名…名名名名名名名名名/end",
    ]
  `);
});

it('leaves out columns where the terminal has no room for them', () => {
  const headOf = (columns: number) => renderExplanation(explanation, { plainBytes: false, columns })[0];
  expect([80, 64, 40].map((columns) => headOf(columns)?.trim().split(/\s+/))).toEqual([
    ['bytes', 'share', 'reclaim', 'name'],
    ['bytes', 'share', 'name'],
    ['bytes', 'name'],
  ]);
  expect(renderExplanation(explanation, { plainBytes: false, columns: 40 })[3]).toBe(
    '60.0 MiB  │  └─ node server.js (7)',
  );
});

it('escapes what the system names', () => {
  expect(renderExplanation(explanation, { plainBytes: false }).join('\n')).not.toContain('\x1b');
});

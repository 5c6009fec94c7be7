import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MemoryNode, Reclaim } from '#src/model/explain/explanation.ts';
import { foldTree, largestNames, leavesOf, parentNode, sumOf } from '#src/model/explain/memory-tree.ts';

const leaf = (name: string, bytes: number, reclaim: Reclaim = 'process'): MemoryNode => ({
  kind: 'file',
  name,
  bytes,
  reclaim,
});

const root = { kind: 'class', name: 'file' } as const;

const trees: fc.Arbitrary<MemoryNode> = fc.letrec<{ node: MemoryNode; leaf: MemoryNode }>((tie) => ({
  leaf: fc.record({
    kind: fc.constantFrom('file', 'mapping', 'others', 'unnamed'),
    name: fc.string(),
    bytes: fc.nat(1e9).map((bytes) => bytes + 1),
    reclaim: fc.constantFrom('process', 'kernel', 'dirty'),
  }),
  node: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    fc
      .array(tie('node'), { minLength: 1, maxLength: 12 })
      .map((children) => parentNode({ kind: 'class', name: 'parent' }, children)),
  ),
})).node;

function expectSums(node: MemoryNode): void {
  if (node.children === undefined) return;
  expect(sumOf(node.children, 'bytes')).toBe(node.bytes);
  node.children.forEach(expectSums);
}

it('sums children, largest first, what stands for several last', () => {
  const node = parentNode(root, [
    { ...leaf('others', 900), kind: 'others' },
    leaf('small', 1),
    { ...leaf('large', 10), dirtyBytes: 4 },
    leaf('nothing', 0),
  ]);
  expect(node).toMatchObject({ bytes: 911, dirtyBytes: 4, reclaim: 'process' });
  expect(node.children?.map(({ name }) => name)).toEqual(['large', 'small', 'others']);
});

it('a parent is reclaimed as most of its bytes are', () => {
  const children = [leaf('a', 6, 'dirty'), leaf('b', 5, 'kernel'), leaf('c', 5, 'kernel')];
  expect(parentNode(root, children).reclaim).toBe('kernel');
  expect(parentNode(root, children, 'persistent').reclaim).toBe('persistent');
});

it('combines what is beyond the limits, with the sums unchanged', () => {
  const node = parentNode(root, [leaf('a', 50), leaf('b', 30), leaf('c', 20), leaf('d', 10)]);
  const folded = foldTree(node, { top: 2 });
  expect(folded.children?.map(({ name, bytes, count }) => [name, bytes, count])).toEqual([
    ['a', 50, undefined],
    ['b', 30, undefined],
    ['others', 30, 2],
  ]);
  expect(foldTree(node, { minBytes: 25 }).children?.map(({ name }) => name)).toEqual(['a', 'b', 'others']);
  // One line for one line would say less.
  expect(foldTree(node, { top: 3 }).children?.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
});

it('shows what is small where a line for all of it would be as long', () => {
  const one = parentNode(root, [leaf('a', 50), leaf('b', 3)]);
  expect(foldTree(one, { minBytes: 25 }).children?.map(({ name }) => name)).toEqual(['a', 'b']);
  const small = parentNode({ kind: 'process', name: 'bash' }, [leaf('a', 20), leaf('b', 20)]);
  const folded = foldTree(parentNode(root, [leaf('c', 50), small]), { minBytes: 25 });
  expect(folded.children?.map(({ name, children }) => [name, children])).toEqual([
    ['c', undefined],
    ['bash', undefined],
  ]);
});

it('shows one of many small nodes that have much together', () => {
  const pipes = (count: number) =>
    parentNode(
      { kind: 'pipe', name: 'pipes' },
      Array.from({ length: count }, (_, index) => leaf(`pipe ${index}`, 20)),
    );
  expect(foldTree(pipes(13), { minBytes: 25 }).children?.map(({ name, count }) => [name, count])).toEqual([
    ['pipe 0', undefined],
    ['others', 12],
  ]);
  expect(foldTree(pipes(12), { minBytes: 25 }).children).toBeUndefined();
});

it('says where most of the files are that it combines', () => {
  const at = (path: string, bytes: number) => ({ ...leaf(path, bytes), path });
  const node = parentNode(root, [
    at('/usr/bin/node', 90),
    at('/srv/a/1', 20),
    at('/srv/b/2', 20),
    { ...leaf('smaller files', 50), kind: 'others', count: 1000, directory: '/srv/c' },
  ]);
  const [, others] = foldTree(node, { top: 1 }).children ?? [];
  expect(others).toMatchObject({ kind: 'others', bytes: 90, count: 1002, directory: '/srv/c' });
});

it('says what the kernel memory of a process is', () => {
  const process = { ...leaf('node x.js', 30), kind: 'process' as const, pid: 7 };
  const stacks = { ...leaf('node', 20), kind: 'kernel-stacks' as const, pid: 7 };
  const tree = parentNode(root, [
    parentNode({ kind: 'class', name: 'anon' }, [{ ...process, bytes: 40 }]),
    parentNode({ kind: 'page-tables', name: 'page tables' }, [process]),
    parentNode({ kind: 'kernel-stacks', name: 'kernel stacks' }, [stacks]),
  ]);
  expect(largestNames(tree, 3).map(({ name }) => name)).toEqual([
    'node x.js',
    'page tables of node x.js',
    'kernel stacks of node',
  ]);
});

it('adds what was already combined', () => {
  const node = parentNode(root, [
    leaf('a', 50),
    leaf('b', 30),
    leaf('c', 20),
    { ...leaf('others', 7), kind: 'others', count: 1000 },
    { ...leaf('unnamed', 3), kind: 'unnamed' },
  ]);
  const [, others, unnamed] = foldTree(node, { top: 1 }).children ?? [];
  expect(others).toMatchObject({ kind: 'others', bytes: 57, count: 1002 });
  expect(unnamed).toMatchObject({ kind: 'unnamed', bytes: 3 });
});

it('keeps the sum of any tree within any limits', () => {
  fc.assert(
    fc.property(trees, fc.integer({ min: 1, max: 8 }), fc.nat(1e9), (tree, top, minBytes) => {
      const folded = foldTree(tree, { top, minBytes });
      expect(folded.bytes).toBe(tree.bytes);
      expectSums(folded);
    }),
  );
});

it('lists leaves with what is above them', () => {
  const tree = parentNode(root, [parentNode({ kind: 'mount', name: '/tmp' }, [leaf('a', 5)]), leaf('b', 9)]);
  expect(
    Array.from(leavesOf(tree), ({ leaf, above }) => [...above.map(({ name }) => name), leaf.name]),
  ).toEqual([
    ['file', 'b'],
    ['file', '/tmp', 'a'],
  ]);
  expect(largestNames(tree, 1).map(({ name }) => name)).toEqual(['b']);
});

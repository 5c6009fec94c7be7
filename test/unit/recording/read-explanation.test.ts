import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import { readExplanation } from '#src/recording/read-explanation.ts';
import { makeTree } from '../temporary-tree.ts';

const DOCUMENT = {
  version: 1,
  cmemstat: '0.1.0',
  method: 'pages',
  before: { stat: {} },
  after: { current: 5, stat: { anon: 5 } },
  tree: {
    kind: 'cgroup',
    name: '/web',
    bytes: 5,
    reclaim: 'process',
    children: [{ kind: 'mapping', name: '[heap]', bytes: 5, reclaim: 'process' }],
  },
  beside: [],
  missing: [],
  advice: [],
};

function fileWith(text: string): string {
  const path = join(makeTree(), 'document.json');
  writeFileSync(path, text);
  return path;
}

it.each([undefined, 2])('reads an explanation, however it is indented: %s', async (indent) => {
  expect(await readExplanation(fileWith(JSON.stringify(DOCUMENT, undefined, indent)))).toEqual(DOCUMENT);
});

it.each([
  ['a record', '{"type":"start","version":2}\n'],
  ['another document', '{"version":1,"cmemstat":"0.1.0","maps":[]}'],
  ['no JSON', 'hello'],
  ['half of one', '{"version":1,"cmemstat":"0.1.0","tree":{'],
  ['nothing', ''],
])('does not take %s for one', async (_, text) => {
  expect(await readExplanation(fileWith(text))).toBeUndefined();
});

it.each([
  ['a size that is not a number', { ...DOCUMENT, tree: { ...DOCUMENT.tree, bytes: 'many' } }],
  ['a child that is not a node', { ...DOCUMENT, tree: { ...DOCUMENT.tree, children: [7] } }],
  ['a tree that is null', { ...DOCUMENT, tree: null }],
])('rejects %s in one line', async (_, document) => {
  const error = await readExplanation(fileWith(JSON.stringify(document))).catch((reason) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toMatch(/^.*: a damaged explanation: .*tree.*$/);
});

it('leaves what cannot be read to the reader of recordings', async () => {
  for (const path of ['/', '/dev/zero', '/no/such/file', join(makeTree(), 'absent'), '-']) {
    expect(await readExplanation(path)).toBeUndefined();
  }
});

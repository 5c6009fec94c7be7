import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openOwnPeak } from '#src/sampler/attached/own-peak.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';

afterAll(removeTrees);

it('is reset when it is opened, and may be closed twice', () => {
  const directory = makeTree({ 'memory.peak': '' });
  const peak = openOwnPeak(directory);
  expect(readFileSync(join(directory, 'memory.peak'), 'utf8')).toBe('reset\n');
  peak?.close();
  expect(() => peak?.close()).not.toThrow();
});

it('is absent without the file', () => {
  expect(openOwnPeak(makeTree({ 'memory.current': '1\n' }))).toBeUndefined();
});

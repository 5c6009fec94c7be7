import { cachedDataVersionTag } from 'node:v8';
import { expect, it } from 'vitest';
import { flagsHolder, WITH_DEFAULT_FLAGS, withSmallYoungGeneration } from '#src/app/v8-flags.ts';
import { required } from '../../required.ts';

it.each([false, true])(
  'leaves the flags as they were, for compiled code: the work fails: %s',
  async (fails) => {
    const before = cachedDataVersionTag();
    let during = before;
    const work = withSmallYoungGeneration(async () => {
      during = cachedDataVersionTag();
      if (fails) throw new Error('no');
    });
    await (fails ? expect(work).rejects.toThrow('no') : work);
    expect(during).not.toBe(before);
    expect(cachedDataVersionTag()).toBe(before);
  },
);

it('lets the loader of chunks work under the default flags meanwhile', async () => {
  const outside = cachedDataVersionTag();
  const tags: number[] = [];
  await withSmallYoungGeneration(async () => {
    const during = cachedDataVersionTag();
    const around = required(flagsHolder[WITH_DEFAULT_FLAGS]);
    tags.push(around(() => cachedDataVersionTag()));
    expect(() => around(() => expect.fail('of a chunk'))).toThrow('of a chunk');
    expect(cachedDataVersionTag()).toBe(during);
  });
  expect(tags).toEqual([outside]);
  expect(flagsHolder[WITH_DEFAULT_FLAGS]).toBeUndefined();
});

import { cachedDataVersionTag } from 'node:v8';
import { expect, it } from 'vitest';
import { withSmallYoungGeneration } from '#src/app/v8-flags.ts';

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

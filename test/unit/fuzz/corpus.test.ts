/** The inputs that once showed a fault. */
import { describe, expect, it } from 'vitest';
import { checkInput } from '../../fuzz/check-input.ts';
import { readCorpus } from '../../fuzz/corpus.ts';
import { DOCUMENT_TARGETS } from '../../fuzz/documents/document-targets.ts';

describe.each(DOCUMENT_TARGETS)('the corpus of $name', (target) => {
  const kept = readCorpus(target.name);

  it.each(kept)('$file is read or refused', async ({ input }) => {
    expect((await checkInput(target, input)).kind).not.toBe('fault');
  });

  // A target whose corpus is empty has a test, too.
  it('has a reader that refuses or reads an empty input', async () => {
    expect(
      await checkInput(target, Buffer.from(target.extension === 'json' ? '[]' : '0\n')),
    ).not.toHaveProperty('fault');
  });
});

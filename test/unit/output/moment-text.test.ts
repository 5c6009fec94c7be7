import { expect, it } from 'vitest';
import { methodText } from '#src/output/explanation-text.ts';
import { momentText } from '#src/output/moment-text.ts';

it.each(['constructor', '__proto__', 'toString', 'later'])('shows what a later version calls %s', (word) => {
  expect(momentText(word)).toBe(`at the moment '${word}'`);
  expect(methodText(word)).toBe(word);
});

it('has words for what is known', () => {
  expect(momentText('peak')).toBe('at a peak');
  expect(methodText('counters')).toBe('memory.stat and smaps, no pages');
});

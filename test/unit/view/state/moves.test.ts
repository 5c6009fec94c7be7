import { expect, test } from 'vitest';
import { moveBy } from '#src/view/state/moves.ts';
import type { View } from '#src/view/state/view.ts';
import { exampleView } from '../example-view.ts';

const printed = (count: number, dropped: number): View =>
  exampleView({
    options: { untilMs: 0 },
    output: { lines: Array.from({ length: count }, (_, at) => [{ text: `${at}` }]), dropped },
  });

test('output that is scrolled back keeps its position while lines are added and dropped', () => {
  const view = printed(100, 0);
  const back = moveBy(view, view.ui, 'output', -10);
  expect(back.outputBottom).toBe(89);
  const later = printed(100, 60);
  expect(moveBy(later, back, 'output', -1).outputBottom).toBe(88);
  expect(moveBy(printed(100, 500), back, 'output', -1).outputBottom).toBe(500);
});

test('the end of the output is followed again', () => {
  const view = printed(100, 7);
  const top = moveBy(view, view.ui, 'output', Number.NEGATIVE_INFINITY);
  expect(top.outputBottom).toBe(7);
  expect(moveBy(view, top, 'output', Number.POSITIVE_INFINITY).outputBottom).toBeUndefined();
  expect(moveBy(view, { ...top, outputBottom: 105 }, 'output', 1).outputBottom).toBeUndefined();
  expect(moveBy(view, view.ui, 'output', 3).outputBottom).toBeUndefined();
});

test('without output nothing scrolls', () => {
  const view = printed(0, 0);
  expect(moveBy(view, view.ui, 'output', -3).outputBottom).toBeUndefined();
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ReplaySource, ReplayView } from '#src/view/replay-view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { FakeScreen } from './fake-screen.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A replay of a growing recording, and functions that extend or complete it. */
function follow() {
  const written = { endMs: 4000, following: true };
  const source: ReplaySource = {
    start: undefined,
    summary: undefined,
    peakMs: undefined,
    counts: { damaged: 0 },
    get endMs() {
      return written.endMs;
    },
    get following() {
      return written.following;
    },
    seek: () => new ViewBuilder(),
    nextEvent: () => undefined,
    previousEvent: () => undefined,
    nextSample: () => undefined,
    previousSample: () => undefined,
  };
  const screen = new FakeScreen();
  const view = new ReplayView(screen, source, { at: undefined, speed: 1 });
  const growTo = (endMs: number) => {
    written.endMs = endMs;
    view.grown();
    vi.advanceTimersByTime(1000);
  };
  return { screen, view, written, growTo };
}

test.each([
  ['End', ['2', 'end']],
  ['a skip to the end', [']']],
  ['g end', ['g', 'e', 'n', 'd', 'enter']],
])('a growing recording is followed until Space, and again from %s on', (_, keys) => {
  const { screen, view, growTo } = follow();
  growTo(6000);
  expect(screen.rows[0]).toContain('following  6.0s of 6.0s');
  screen.press('space');
  expect(screen.rows[0]).toContain('paused 1x  6.0s of 6.0s');
  growTo(9000);
  expect(screen.rows[0]).toContain('paused 1x  6.0s of 9.0s');
  screen.press(...keys);
  growTo(12_000);
  expect(screen.rows[0]).toContain('following  12.0s of 12.0s');
  view.close();
});

test('at the current end of the recording Space plays it from the start', () => {
  const { screen, view, written, growTo } = follow();
  growTo(6000);
  written.following = false;
  growTo(6000);
  expect(screen.rows[0]).toContain('at the end  6.0s of 6.0s');
  screen.press('space');
  expect(screen.rows[0]).toContain('playing 1x  0ms of 6.0s');
  view.close();
});

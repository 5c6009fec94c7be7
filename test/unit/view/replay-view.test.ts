import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ReplaySource, ReplayView } from '#src/view/replay-view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { EXPLAIN_RECORD } from './example-explanation.ts';
import { FakeScreen } from './fake-screen.ts';
import { SUMMARY } from './panels/scene.ts';

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

describe('memory by name', () => {
  /** A replay of a run that was explained at 2 s. */
  function replayed(at: string) {
    const explained = [{ moment: 'peak', elapsedMs: 2000, method: 'pages', bytes: 1, names: [] }] as const;
    const source: ReplaySource = {
      start: undefined,
      summary: { ...SUMMARY, explained: explained.map((each) => ({ ...each, names: [] })) },
      peakMs: undefined,
      counts: { damaged: 0 },
      endMs: 4000,
      following: false,
      seek: (elapsedMs) => {
        const builder = new ViewBuilder();
        if (elapsedMs >= 2000) builder.apply(EXPLAIN_RECORD);
        return builder;
      },
      nextEvent: () => undefined,
      previousEvent: () => undefined,
      nextSample: () => undefined,
      previousSample: () => undefined,
    };
    const screen = new FakeScreen();
    const view = new ReplayView(screen, source, { at, speed: 1 });
    screen.press('e');
    return { screen, view };
  }

  test('e shows the last explanation up to the displayed time', () => {
    const { screen, view } = replayed('3s');
    expect(screen.text).toMatch(/at 2\.0s \(peak\) {2}current 102 MiB/);
    expect(screen.text).not.toContain('read again');
    view.close();
  });

  test('before it, e says where it is', () => {
    const { screen, view } = replayed('1s');
    expect(screen.text).toContain('later, at 2.0s (hint: g goes there');
    view.close();
  });

  test('without any, e says how to record it', () => {
    const { screen, view } = follow();
    screen.press('e');
    expect(screen.text).toMatch(/hint: cmemstat --explain peak\s+--output FILE -- COMMAND\)/);
    view.close();
  });
});

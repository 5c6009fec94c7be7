import { describe, expect, test } from 'vitest';
import { press } from '../../../../src/sinks/tui/keys.ts';
import { selectableIds } from '../../../../src/sinks/tui/lists.ts';
import type { UiState, View } from '../../../../src/sinks/tui/view.ts';
import { exampleView } from './example-view.ts';

const EXAMPLE = exampleView();

/** The view after these keys, and what the last one wanted. */
function pressing(keys: string[], view: View = EXAMPLE) {
  let now = view;
  let effect: ReturnType<typeof press>['effect'];
  for (const key of keys) {
    const pressed = press(now, key);
    now = { ...now, ui: pressed.ui };
    effect = pressed.effect;
  }
  return { ui: now.ui, effect, view: now };
}

function replayView(): View {
  const replay = { speed: 1, endMs: 240_000, damagedLines: 0, following: false };
  return exampleView({ status: { state: 'halted', replay } });
}

describe('panels', () => {
  test.each([
    ['1', 'breakdown'],
    ['2', 'timeline'],
    ['3', 'maps'],
    ['4', 'processes'],
    ['5', 'pressure'],
    ['6', 'output'],
  ])('%s is the %s', (key, panel) => {
    expect(pressing([key]).ui.focus).toBe(panel);
  });

  test('Tab goes round, Shift-Tab back', () => {
    expect(pressing(['tab']).ui.focus).toBe('timeline');
    expect(pressing(['S-tab']).ui.focus).toBe('output');
    expect(pressing(Array(6).fill('tab')).ui.focus).toBe('breakdown');
  });

  test('the list that had the focus last stays where there is room for one', () => {
    expect(pressing(['4', '1']).ui.list).toBe('processes');
  });

  test('z zooms and back; Escape too', () => {
    expect(pressing(['z']).ui.zoom).toBe(true);
    expect(pressing(['z', 'z']).ui.zoom).toBe(false);
    expect(pressing(['z', 'escape']).ui.zoom).toBe(false);
  });
});

describe('figures', () => {
  test('u goes through the units', () => {
    expect([1, 2, 3].map((count) => pressing(Array(count).fill('u')).ui.units)).toEqual([
      'KiB',
      'bytes',
      'readable',
    ]);
  });

  test('t goes through the windows and back to the whole run', () => {
    expect(pressing(['t']).ui.windowMs).toBe(60_000);
    expect(pressing(Array(5).fill('t')).ui.windowMs).toBeUndefined();
  });

  test('r is from the start; from the pause only after one', () => {
    expect(pressing(['r']).ui.relative).toBe('start');
    expect(pressing(['r', 'r']).ui.relative).toBeUndefined();
    expect(pressing(['r', 'r'], { ...EXAMPLE, wasPaused: true }).ui.relative).toBe('pause');
  });

  test('p pauses and goes on', () => {
    expect(pressing(['p']).ui.paused).toBe(true);
    expect(pressing(['p', 'p']).ui.paused).toBe(false);
  });
});

describe('lists', () => {
  test('arrows move the selection and stop at the ends', () => {
    const ids = selectableIds(EXAMPLE, 'maps');
    expect(pressing(['3', 'down']).ui.maps.selected).toBe(ids[1]);
    expect(pressing(['3', 'up']).ui.maps.selected).toBe(ids[0]);
    expect(pressing(['3', 'end']).ui.maps.selected).toBe(ids.at(-1));
    expect(pressing(['3', 'end', 'down', 'home']).ui.maps.selected).toBe(ids[0]);
  });

  test('s sorts by the next column, S the other way round', () => {
    expect(pressing(['3', 's']).ui.maps.sort).toBe('growth');
    expect(pressing(['4', 's']).ui.processes.sort).toBe('pss');
    expect(pressing(['4', 'S']).ui.processes.reverse).toBe(true);
    expect(pressing(['1', 's']).ui).toMatchObject({ maps: { sort: 'bytes' }, processes: { sort: 'rss' } });
  });

  test('/ filters while it is typed; Enter keeps it, Escape takes it back', () => {
    const typed = pressing(['3', '/', 'c', 'o', 'n', 'space', 'backspace']);
    expect(typed.ui.maps.filter).toBe('con');
    expect(selectableIds(typed.view, 'maps').length).toBeLessThan(selectableIds(EXAMPLE, 'maps').length);
    expect(pressing(['enter'], typed.view).ui).toMatchObject({ dialog: undefined, maps: { filter: 'con' } });
    expect(pressing(['escape'], typed.view).ui).toMatchObject({ dialog: undefined, maps: { filter: '' } });
  });

  test('what is typed into a prompt is no command', () => {
    const { ui, effect } = pressing(['3', '/', 'q', 'p', 'z']);
    expect(ui).toMatchObject({ paused: false, zoom: false, maps: { filter: 'qpz' } });
    expect(effect).toBeUndefined();
  });

  test('Enter opens the selected map, Escape closes it', () => {
    const ids = selectableIds(EXAMPLE, 'maps');
    expect(pressing(['3', 'down', 'enter']).ui.dialog).toEqual({ kind: 'map', id: ids[1], scroll: 0 });
    expect(pressing(['3', 'enter', 'escape']).ui.dialog).toBeUndefined();
  });

  test('T shows the processes as a tree', () => {
    expect(pressing(['4', 'T']).ui.processes.tree).toBe(true);
  });
});

describe('the target', () => {
  test('Ctrl-C interrupts it, in dialogs too', () => {
    expect(pressing(['C-c']).effect).toEqual({ kind: 'interrupt' });
    expect(pressing(['3', '/', 'C-c']).effect).toEqual({ kind: 'interrupt' });
  });

  test('q asks while it runs: stop, leave, or stay', () => {
    expect(pressing(['q'])).toMatchObject({ effect: undefined, ui: { dialog: { kind: 'quit' } } });
    expect(pressing(['q', 's']).effect).toEqual({ kind: 'stop' });
    expect(pressing(['q', 'l']).effect).toEqual({ kind: 'leave' });
    expect(pressing(['q', 'escape'])).toMatchObject({ effect: undefined, ui: { dialog: undefined } });
  });

  test('q closes the view at once when it has ended', () => {
    expect(pressing(['q'], exampleView({ options: { ended: true } })).effect).toEqual({ kind: 'close' });
  });

  test('k opens the signals for the selected process', () => {
    const pid = selectableIds(EXAMPLE, 'processes')[1];
    const { effect } = pressing(['4', 'down', 'k', 'down', 'enter']);
    expect(effect).toEqual({ kind: 'signal', pid, signal: 'SIGINT' });
    expect(pressing(['4', 'k', 'escape'])).toMatchObject({ effect: undefined, ui: { dialog: undefined } });
    expect(pressing(['3', 'k']).ui.dialog).toBeUndefined();
  });

  test('+ and - change the interval, w writes a snapshot, Ctrl-Z suspends', () => {
    expect(pressing(['+']).effect).toEqual({ kind: 'interval', step: 1 });
    expect(pressing(['-']).effect).toEqual({ kind: 'interval', step: -1 });
    expect(pressing(['w']).effect).toEqual({ kind: 'snapshot' });
    expect(pressing(['C-z']).effect).toEqual({ kind: 'suspend' });
  });
});

describe('a replay', () => {
  test.each([
    ['space', { kind: 'play' }],
    ['>', { kind: 'speed', factor: 2 }],
    ['<', { kind: 'speed', factor: 0.5 }],
    ['right', { kind: 'step', samples: 1 }],
    ['left', { kind: 'step', samples: -1 }],
    [']', { kind: 'skip', ms: 10_000 }],
    ['[', { kind: 'skip', ms: -10_000 }],
    ['P', { kind: 'peak' }],
    ['n', { kind: 'event', direction: 1 }],
    ['N', { kind: 'event', direction: -1 }],
    ['q', { kind: 'close' }],
    ['C-c', { kind: 'close' }],
  ])('%s is %o', (key, effect) => {
    expect(pressing([key], replayView()).effect).toEqual(effect);
  });

  test('Home and End are the edges of the timeline, and of a list in a list', () => {
    expect(pressing(['2', 'end'], replayView()).effect).toEqual({ kind: 'edge', to: 'end' });
    expect(pressing(['3', 'end'], replayView()).effect).toBeUndefined();
  });

  test('g asks for a time', () => {
    expect(pressing(['g', '9', '0', 's', 'enter'], replayView()).effect).toEqual({
      kind: 'goto',
      text: '90s',
    });
  });
});

test('a key is done with the message of the one before', () => {
  const ui: UiState = { ...EXAMPLE.ui, message: 'said' };
  expect(press({ ...EXAMPLE, ui }, 'x').ui.message).toBeUndefined();
});

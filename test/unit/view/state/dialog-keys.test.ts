import { describe, expect, test } from 'vitest';
import { selectableIds } from '#src/view/state/lists.ts';
import { exampleView } from '../example-view.ts';
import { EXAMPLE, pressing, replayView } from '../pressing.ts';

describe('prompts', () => {
  test('/ filters while typing; Enter keeps the filter, Escape restores the previous one', () => {
    const typed = pressing(['3', '/', 'c', 'o', 'n', 'space', 'backspace']);
    expect(typed.ui.maps.filter).toBe('con');
    expect(selectableIds(typed.view, 'maps').length).toBeLessThan(selectableIds(EXAMPLE, 'maps').length);
    expect(pressing(['enter'], typed.view).ui).toMatchObject({ dialog: undefined, maps: { filter: 'con' } });
    expect(pressing(['escape'], typed.view).ui).toMatchObject({ dialog: undefined, maps: { filter: '' } });
  });

  test('text typed into a prompt is not a command', () => {
    const { ui, effect } = pressing(['3', '/', 'q', 'p', 'z']);
    expect(ui).toMatchObject({ paused: false, zoom: false, maps: { filter: 'qpz' } });
    expect(effect).toBeUndefined();
  });

  test('g prompts for a time', () => {
    expect(pressing(['g', '9', '0', 's', 'enter'], replayView()).effect).toEqual({
      kind: 'goto',
      text: '90s',
    });
  });
});

describe('dialogs', () => {
  test('Enter opens the selected map, Escape closes it', () => {
    const ids = selectableIds(EXAMPLE, 'maps');
    expect(pressing(['3', 'down', 'enter']).ui.dialog).toEqual({ kind: 'map', id: ids[1], scroll: 0 });
    expect(pressing(['3', 'enter', 'escape']).ui.dialog).toBeUndefined();
  });

  test('q asks during the run: stop, leave, or stay', () => {
    expect(pressing(['q'])).toMatchObject({ effect: undefined, ui: { dialog: { kind: 'quit' } } });
    expect(pressing(['q', 's']).effect).toEqual({ kind: 'stop' });
    expect(pressing(['q', 'l']).effect).toEqual({ kind: 'leave' });
    expect(pressing(['q', 'escape'])).toMatchObject({ effect: undefined, ui: { dialog: undefined } });
  });

  test('a question that is obsolete after the end closes the view with any leaving key', () => {
    const dialog = { kind: 'quit' } as const;
    const view = exampleView({ options: { ended: true }, ui: { dialog } });
    for (const key of ['s', 'l', 'q', 'enter'])
      expect(pressing([key], view).effect).toEqual({ kind: 'close' });
    expect(pressing(['escape'], view)).toMatchObject({ effect: undefined, ui: { dialog: undefined } });
  });

  test('k opens the signals for the selected process', () => {
    const pid = selectableIds(EXAMPLE, 'processes')[1];
    const { effect } = pressing(['4', 'down', 'k', 'down', 'enter']);
    expect(effect).toEqual({ kind: 'signal', pid, signal: 'SIGINT' });
    expect(pressing(['4', 'k', 'escape'])).toMatchObject({ effect: undefined, ui: { dialog: undefined } });
    expect(pressing(['3', 'k']).ui.dialog).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { parentNode } from '#src/model/explain/memory-tree.ts';
import { memoryRows } from '#src/view/state/memory-rows.ts';
import type { ExplainDialog, View } from '#src/view/state/view.ts';
import { EXPLANATION } from '../example-explanation.ts';
import { exampleView } from '../example-view.ts';
import { pressing, replayView } from '../pressing.ts';

const NONE = new Set<string>();

/** The view with the tree in it. */
function explained(view: View = exampleView()): View {
  const explanation = { ...EXPLANATION, elapsedMs: 3000 };
  return { ...view, explained: { state: 'read', explanation } };
}

function shown(keys: string[], view = explained()) {
  const { ui, effect } = pressing(['e', ...keys], view);
  const dialog = ui.dialog as ExplainDialog | undefined;
  if (dialog === undefined) return { dialog, effect, rows: [], selected: undefined };
  const rows = memoryRows(EXPLANATION.tree, dialog.toggled);
  return { dialog, effect, rows, selected: rows.find(({ id }) => id === dialog.selected) };
}

describe('rows', () => {
  test('at first the largest parts are open, without mappings of processes, and long lists are cut', () => {
    const rows = memoryRows(EXPLANATION.tree, NONE);
    expect(
      rows.map(({ depth, node, isOpen, more }) => [depth, more ?? node.name.slice(0, 20), isOpen]),
    ).toEqual([
      [0, '/web', true],
      [1, 'anon', true],
      [2, 'node server.js', false],
      [1, 'file', true],
      [2, '/srv', true],
      [3, 'log\u001b[31m\u202e', undefined],
      [3, '日本語'.repeat(30).slice(0, 20), undefined],
      [3, 'part-0', undefined],
      [3, 'part-1', undefined],
      [3, 'part-2', undefined],
      [3, 'part-3', undefined],
      [3, 6, false],
      [1, 'kernel', false],
      [1, 'unnamed', undefined],
    ]);
  });

  test('the parts of an open row add up to it, whatever is listed', () => {
    for (const toggled of [NONE, new Set(['0.0.0', '0.1.0.more']), new Set(['0.1'])]) {
      const rows = memoryRows(EXPLANATION.tree, toggled);
      for (const { id, depth, node, isOpen, more } of rows) {
        if (isOpen !== true || more !== undefined) continue;
        const parts = rows.filter((row) => row.depth === depth + 1 && row.id.startsWith(`${id}.`));
        expect(parts.reduce((sum, part) => sum + part.node.bytes, 0)).toBe(node.bytes);
      }
    }
  });

  test('thousands of parts in several levels make a short list', () => {
    const leaf = { kind: 'file', name: 'x', bytes: 4096, reclaim: 'reclaimable' } as const;
    const level = parentNode({ kind: 'class', name: 'a' }, Array(500).fill(leaf));
    const tree = parentNode({ kind: 'cgroup', name: '/' }, Array(40).fill(level));
    expect(memoryRows(tree, NONE).length).toBeLessThan(30);
  });
});

describe('keys', () => {
  test('e requests a new explanation in a live run, once more when it is open, and not in a replay', () => {
    expect(shown([])).toMatchObject({ effect: { kind: 'explain' }, selected: { id: '0' } });
    expect(shown(['down', 'e']).effect).toEqual({ kind: 'explain' });
    expect(shown([], explained(replayView()))).toMatchObject({ effect: undefined, selected: { id: '0' } });
    expect(shown(['e'], explained(replayView())).effect).toBeUndefined();
  });

  test('Enter opens and closes, Right opens and goes in, Left closes and goes up, and then leaves', () => {
    const atProcess = ['down', 'down'];
    expect(shown(atProcess).selected?.node.name).toBe('node server.js');
    expect(shown([...atProcess, 'enter']).selected?.isOpen).toBe(true);
    expect(shown([...atProcess, 'enter', 'enter']).selected?.isOpen).toBe(false);
    expect(shown([...atProcess, 'right', 'right']).selected?.node.name).toBe('[heap]');
    expect(shown([...atProcess, 'right', 'right', 'left', 'left']).selected).toMatchObject({
      id: '0.0.0',
      isOpen: false,
    });
    expect(shown([...atProcess, 'backspace', 'backspace', 'backspace']).selected?.id).toBe('0');
    expect(shown([...atProcess, 'left', 'left', 'left', 'left']).dialog).toBeUndefined();
  });

  test('the row of what is not listed lists it', () => {
    const keys = ['end', 'up', 'up', 'enter'];
    const { rows, selected } = shown(keys);
    expect(selected?.node.name).toBe('part-4');
    expect(rows.filter(({ depth }) => depth === 3)).toHaveLength(12);
  });

  test('the ends are reached by Home, End and pages', () => {
    expect(shown(['pagedown', 'pagedown', 'pagedown']).selected?.node.name).toBe('unnamed');
    expect(shown(['end', 'home']).selected?.id).toBe('0');
  });

  test.each(['escape', 'q', '?', 'f1'])('%s closes', (key) => {
    expect(shown(['down', key]).dialog).toBeUndefined();
  });

  test('while pages are read, the tree can only be closed', () => {
    const reading: View = { ...exampleView(), explained: { state: 'reading', share: 0 } };
    expect(shown(['down', 'enter', 'right'], reading).selected?.id).toBe('0');
    expect(shown(['left'], reading).dialog).toBeUndefined();
    expect(shown(['escape'], reading).dialog).toBeUndefined();
  });

  test('a row that a new explanation does not have is replaced by the part that it was in', () => {
    const { ui } = pressing(['e', 'end', 'up', 'up', 'up'], explained());
    const smaller = {
      ...EXPLANATION,
      elapsedMs: 4000,
      tree: parentNode({ kind: 'cgroup', name: '/web' }, []),
    };
    const view: View = { ...exampleView(), ui, explained: { state: 'read', explanation: smaller } };
    expect(pressing(['left'], view).ui.dialog).toBeUndefined();
  });
});

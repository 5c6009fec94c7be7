import { describe, expect, it } from 'vitest';
import type { HostCgroup } from '#src/model/host/host-cgroups.ts';
import { textOf, widthOfLine } from '#src/view/text/cells.ts';
import { renderTop } from '#src/view/top/top-panel.ts';
import { initialTopUi, pressInTop, selectedTopRow, type TopUi, topRows } from '#src/view/top/top-state.ts';
import { type TopOwner, TopView } from '#src/view/top/top-view.ts';
import { golden } from '../../../paths.ts';
import { HOST, POOR_HOST } from '../../model/host/example-host.ts';
import { FakeScreen } from '../fake-screen.ts';

const nameOf = ({ path }: HostCgroup) => path.slice(path.lastIndexOf('/') + 1) || '/';
const first = initialTopUi('current', '', 2);
const data = (ui: TopUi) => ({ reading: HOST, nameOf, ui });
const press = (ui: TopUi, ...keys: string[]) =>
  keys.reduce((state, key) => pressInTop(data(state), key).ui, ui);
const names = (ui: TopUi) =>
  topRows(data(ui)).map(({ row }) => (row === undefined ? 'none' : nameOf(row.cgroup)));
const selected = (ui: TopUi) => names(ui)[selectedTopRow(topRows(data(ui)), ui)];

describe('the screen of all cgroups', () => {
  it.each([
    ['80x24', 80, 24, true],
    ['40x10', 40, 10, false],
  ] as const)('is drawn in %s', async (name, width, height, unicode) => {
    const { lines } = renderTop({ ...data(first), unicode, intervalMs: 1000 }, { width, height });
    expect(lines).toHaveLength(height);
    for (const line of lines) expect(widthOfLine(line)).toBe(width);
    const text = lines.map((line) => textOf(line).trimEnd()).join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot(golden(`view/top-${name}.txt`));
  });

  it.each([1, 2, 3, 5])('fits %i lines', (height) => {
    for (const ui of [first, press(first, '?'), press(first, '/')]) {
      const { lines } = renderTop({ ...data(ui), unicode: true, intervalMs: 1000 }, { width: 20, height });
      expect(lines).toHaveLength(height);
    }
  });

  it('has no column that is not known, and says why', () => {
    const screen = { ...data(first), reading: POOR_HOST, unicode: true, intervalMs: 1000 };
    const text = renderTop(screen, { width: 100, height: 24 }).lines.map(textOf).join('\n');
    expect(text).not.toContain('orphaned ');
    expect(text).toContain('no bpf, orphaned: CAP_BPF and CAP_PERFMON are missing (hint: run with sudo)');
  });
});

describe('the keys of the view of all cgroups', () => {
  it('open and close cgroups, and keep the selection', () => {
    expect(names(first)).toEqual(
      ['/', 'kubepods', 'burstable', 'system.slice', 'nginx.service', 'evil\x1b[2J.service'].concat([
        'cmemstat-77-5',
        'none',
      ]),
    );
    const closed = press(first, 'down', 'space');
    expect([names(closed)[2], selected(closed)]).toEqual(['system.slice', 'kubepods']);
    expect(names(press(closed, 'right'))).toEqual(names(first));
    expect(selected(press(first, 'down', 'right'))).toBe('burstable');
    expect(selected(press(first, 'down', 'down', 'left'))).toBe('kubepods');
    expect(names(press(first, '*'))).toHaveLength(HOST.cgroups.length + 1);
    expect(names(press(first, '_'))).toEqual(['/', 'kubepods', 'system.slice', 'cmemstat-77-5', 'none']);
  });

  it('sort, filter as it is typed, and clear the filter', () => {
    expect(press(first, 's').sort).toBe('anon');
    expect(names(press(first, 'S'))[1]).toBe('cmemstat-77-5');
    const typed = press(first, '/', 'n', 'g', 'i');
    expect(names(typed)).toEqual(['/', 'system.slice', 'nginx.service']);
    expect(press(typed, 'enter').filter).toBe('ngi');
    expect(names(press(typed, 'escape'))).toEqual(names(first));
    expect(names(press(typed, 'enter', 'escape'))).toEqual(names(first));
    expect(names(press(first, '/', 'x', 'x'))).toEqual([]);
    expect(names(press(first, '/', '[', 'z', '-', 'a', ']'))).toEqual([]);
  });
});

describe('the view of all cgroups', () => {
  function open(part: Partial<TopOwner> = {}) {
    const screen = new FakeScreen({ width: 80, height: 24 });
    const calls: string[] = [];
    const view = new TopView(screen, first, {
      nameOf,
      intervalMs: () => 1000,
      changeInterval: () => undefined,
      attach: ({ path }) => calls.push(`attach ${path}`),
      explain: async (cgroup) => {
        calls.push(`explain ${cgroup?.path ?? 'host'}`);
        throw new Error('cannot be read here');
      },
      quit: () => calls.push('quit'),
      ...part,
    });
    view.show(HOST);
    return { screen, calls, view };
  }

  it('attaches to the selected cgroup, never to the host', () => {
    const { screen, calls } = open();
    screen.press('enter');
    expect(screen.text).toContain('not a single cgroup');
    screen.press('end', 'enter');
    expect(screen.text).toContain('no cgroup can be attached to');
    screen.press('home', 'down', 'enter', 'q');
    expect(calls).toEqual(['attach /kubepods', 'quit']);
  });

  it('attaches to the root of a container, and explains it, as any other cgroup', async () => {
    const { screen, calls, view } = open();
    view.show({ ...HOST, isWholeHost: false, uncharged: undefined });
    screen.press('enter', 'e');
    await new Promise((done) => setTimeout(done));
    expect(screen.text).toContain('Memory by name: /');
    expect(calls).toEqual(['attach /', 'explain /']);
  });

  it('explains the selected cgroup, or the host, and returns', async () => {
    const { screen, calls } = open();
    screen.press('e');
    await new Promise((done) => setTimeout(done));
    expect(screen.text).toMatch(/Memory by name: host.*cannot be read here/s);
    screen.press('escape', 'down', 'e');
    await new Promise((done) => setTimeout(done));
    expect(screen.text).toContain('Memory by name: /kubepods');
    screen.press('q');
    expect(screen.text).toContain('cmemstat top');
    expect(calls).toEqual(['explain host', 'explain /kubepods']);
  });

  it('selects by click, moves by wheel, and stands still while it is paused', () => {
    const { screen, calls, view } = open();
    screen.mouse({ kind: 'click', button: 'left', column: 3, row: 3 });
    screen.press('enter');
    screen.mouse({ kind: 'wheel', direction: 'down', column: 3, row: 3 });
    screen.press('enter', 'p');
    expect(calls).toEqual(['attach /kubepods', 'attach /system.slice/nginx.service']);
    view.show(POOR_HOST);
    expect(screen.text).toContain('PAUSED');
    expect(screen.text).not.toContain('CAP_BPF');
  });
});

import { describe, expect, test } from 'vitest';
import type { BpfAdvice } from '#src/model/bpf-advice.ts';
import type { ProcessFacts } from '#src/sampler/process-facts.ts';
import { renderDialog } from '#src/view/panels/dialogs.ts';
import { renderPage } from '#src/view/panels/frame.ts';
import { renderOutput } from '#src/view/panels/output-panel.ts';
import { renderPressure } from '#src/view/panels/pressure-panel.ts';
import { renderEnd } from '#src/view/panels/summary-panel.ts';
import { KEY_PLACES, KEY_TABLE } from '#src/view/state/key-table.ts';
import { OutputBuffer } from '#src/view/state/output-buffer.ts';
import type { Dialog, OutputView, View } from '#src/view/state/view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { textOf } from '#src/view/text/cells.ts';
import type { Line, Size } from '#src/view/text/line.ts';
import { golden } from '../../../paths.ts';
import { drawn, SUMMARY, sceneView } from './scene.ts';

const MIB = 1024 * 1024;

const ascii = { view: { unicode: false } };

const text = (lines: readonly Line[]) => lines.map((line) => textOf(line).trimEnd()).join('\n');

describe('pressure and events', () => {
  const sizes: Size[] = [
    { width: 80, height: 6 },
    { width: 60, height: 7 },
    { width: 99, height: 17 },
    { width: 200, height: 20 },
  ];

  test('at common terminal sizes', async () => {
    const pictures = sizes.flatMap((size) => [
      ['pressure', size, renderPressure(sceneView(), size)] as const,
      ['pressure in ASCII', size, renderPressure(sceneView(ascii), size)] as const,
    ]);
    await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/pressure.txt'));
  });

  test('missing pressure and events are reported with the reason', () => {
    const {
      pressure: _,
      events: __,
      ...bare
    } = sceneView().data.latest ?? { type: 'sample', elapsedMs: 0, reason: 'tick' };
    const size = { width: 100, height: 8 };
    const quiet = { latest: bare, events: [], eventCounts: new Map() };
    expect(text(renderPressure(sceneView({ data: quiet }), size))).toContain('CONFIG_PSI');
    expect(text(renderPressure(sceneView({ data: quiet, mode: 'process-tree' }), size))).toMatch(
      /no memory cgroup.*\n {2}No events yet\./,
    );
    const failcnt = { ...quiet, latest: { ...bare, eventsLocal: { oom_kill: 0, failcnt: 12 } } };
    expect(text(renderPressure(sceneView({ data: failcnt, mode: 'cgroup1' }), size))).toMatch(
      /not available on cgroup v1\.\n {2}events {2}failcnt 12 {2}oom_kill 0\n/,
    );
    expect(text(renderPressure(sceneView({ data: { latest: undefined } }), size))).toContain(
      'No sample yet.',
    );
    const status = { ...sceneView().status, absent: { pressure: 'psi=0' } };
    expect(text(renderPressure(sceneView({ data: quiet, view: { status } }), size))).toContain('psi=0');
  });

  test('scrolling moves back from the latest event, and stops at the first', () => {
    const size = { width: 100, height: 20 };
    const eventsAfter = (pressureScroll: number) =>
      text(renderPressure(sceneView({ ui: { pressureScroll } }), size)).match(/^ *[\d.ms]+ {2}\w+/gm);
    expect(eventsAfter(0)?.map((line) => line.trim())).toEqual([
      '1m30s  warning',
      '1m30s  oom_kill',
      '1m10s  budget_exceeded',
      '1m01s  high',
      '3.4s  exec',
    ]);
    expect(eventsAfter(3)).toHaveLength(2);
    expect(eventsAfter(500)).toHaveLength(1);
  });
});

describe('output', () => {
  function printed(): OutputView {
    const buffer = new OutputBuffer();
    buffer.push(
      'stdout',
      Buffer.from('listening on \u001b[32m:8080\u001b[0m\n\u001b]0;title\u0007name\tsize\n'),
    );
    buffer.push('stderr', Buffer.from('warning: \u001b[2Jsomething is wrong\n'));
    buffer.push('stdout', Buffer.from('日本語 🚀 done\n10%\r50%\r100%\n'));
    buffer.push('stdout', Buffer.from(`${'a long line of words '.repeat(12)}\nnot ended`));
    return buffer.view();
  }

  test('at common terminal sizes', async () => {
    const sizes: Size[] = [
      { width: 80, height: 6 },
      { width: 120, height: 4 },
      { width: 100, height: 17 },
    ];
    const output = printed();
    const pictures = sizes.flatMap((size) => [
      ['output', size, renderOutput(sceneView({ view: { output } }), size)] as const,
      ['output in ASCII', size, renderOutput(sceneView({ view: { output, unicode: false } }), size)] as const,
      [
        'output, zoomed',
        size,
        renderOutput(sceneView({ view: { output }, ui: { zoom: true } }), size),
      ] as const,
    ]);
    await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/output.txt'));
  });

  const numbered = (dropped: number): OutputView => ({
    lines: Array.from({ length: 100 }, (_, index) => [{ text: `  line ${index}` }]),
    dropped,
  });
  const page = (up: number, dropped = 0, zoom = false) => {
    const outputBottom = up === 0 ? undefined : dropped + 99 - up;
    return text(
      renderOutput(sceneView({ view: { output: numbered(dropped) }, ui: { outputBottom, zoom } }), {
        width: 60,
        height: 5,
      }),
    );
  };

  test('follows the end until it is scrolled back, and shows how far', () => {
    expect(page(0)).toBe(['  line 95', '  line 96', '  line 97', '  line 98', '  line 99'].join('\n'));
    expect(page(10)).toMatch(/^ {2}line 86\n[\s\S]* {2}line 89\n {2}↓ 10 lines below/);
  });

  test.each([false, true])('at the top the panel is filled with earlier lines; zoomed: %s', (zoom) => {
    for (const scroll of [99, 100, 1e6]) {
      expect(page(scroll, 7, zoom)).toMatch(
        /^ {2}\(7 earlier lines were discarded\)\n {2}line 0\n {2}line 1\n {2}line 2\n {2}↓ 97 lines/,
      );
    }
  });

  test('colours are kept', () => {
    const lines = renderOutput(sceneView({ view: { output: printed() } }), { width: 40, height: 10 });
    expect(lines[0]).toContainEqual({ text: ':8080', style: { fg: 2 } });
  });

  test('a cluster of characters that is wider than the panel ends', () => {
    const buffer = new OutputBuffer();
    buffer.push('stdout', Buffer.from(`before ${'\u1100'.repeat(50)}\nafter\n`));
    const lines = renderOutput(sceneView({ view: { output: { ...buffer.view(), dropped: 0 } } }), {
      width: 40,
      height: 6,
    });
    expect(text(lines)).toMatch(/before[\s\S]*after/);
  });

  test('an empty output is reported, with the reason', () => {
    const size = { width: 50, height: 2 };
    expect(text(renderOutput(sceneView(), size))).toContain('No output yet.');
    const status = { ...sceneView().status, absent: { output: 'A recording has no output.' } };
    expect(text(renderOutput(sceneView({ view: { status } }), size))).toContain('A recording has no output.');
  });
});

const ADVICE: BpfAdvice[] = [
  {
    kind: 'nearly-empty',
    maps: [{ id: 21, name: 'x' }],
    savesBytes: 80_000,
    text: "hash 'red\u001b[31m' is allocated for 1024 entries and holds nothing",
    options: [{ change: 'BPF_F_NO_PREALLOC', savesBytes: 80_000 }],
  },
  {
    kind: 'percpu-growth',
    maps: [{ id: 12, name: 'percpu_counters' }],
    text: "1 percpu maps grow with the number of possible CPUs, the largest is percpu_array 'percpu_counters'",
    projection: [{ possibleCpus: 128, bytes: 33_554_432, unchargedPercpuBytes: 33_000_000 }],
  },
];

describe('one map', () => {
  const detail = (id: number, size: Size, view: Partial<View> = {}, scroll = 0) =>
    renderPage(sceneView({ view: { advice: ADVICE, ...view } }), { kind: 'map', id, scroll }, size);

  test('with every known field, and its advice', async () => {
    const sizes: Size[] = [
      { width: 80, height: 20 },
      { width: 120, height: 35 },
    ];
    const pictures = sizes.flatMap((size) => [
      ...[7, 9, 12, 21, 22, 30].map((id) => [`map ${id}`, size, detail(id, size)] as const),
      ['map 21 in ASCII', size, detail(21, size, { unicode: false })] as const,
    ]);
    await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/map-detail.txt'));
  });

  test('one that was removed, one without advice, one that is scrolled', () => {
    expect(text(detail(999, { width: 60, height: 9 }))).toContain('Map 999 no longer exists.');
    expect(text(detail(7, { width: 60, height: 30 }))).toContain('No savings found.');
    expect(text(detail(12, { width: 60, height: 6 }, {}, 500))).toContain('with 128 CPUs');
  });
});

const renderHelp = (view: View, size: Size) => renderPage(view, { kind: 'help', scroll: 0 }, size);

describe('one process', () => {
  const FACTS: ProcessFacts = {
    mappings: {
      count: 7,
      isCut: false,
      memory: [
        { name: '', count: 3, size: 64 * MIB, rss: 12 * MIB, pss: 12 * MIB, swap: MIB },
        { name: '/usr/lib/libc.so.6', count: 4, size: 2 * MIB, rss: MIB, pss: 4096, swap: 0 },
        { name: '/tmp/\x1b[2Jevil', count: 1, size: 4096, rss: 0, pss: 0, swap: 0 },
      ],
    },
    limits: [
      { name: 'open files', soft: '1024', hard: '4096', unit: 'files' },
      { name: 'address space', soft: 'unlimited', hard: 'unlimited', unit: 'bytes' },
    ],
    descriptors: {
      count: 1500,
      isCut: false,
      targets: [
        { fd: 0, target: '/dev/null' },
        { fd: 3, target: 'socket:[12345]' },
        { fd: 4, target: '/tmp/a\nb (deleted)' },
      ],
    },
  };
  const FAILED = { failure: 'permission denied' };
  const detail = (id: number, size: Size, view: Partial<View> = {}, scroll = 0) =>
    renderPage(sceneView({ view }), { kind: 'process', id, scroll }, size);

  test('with its mappings, limits and descriptors, or why they are not shown', async () => {
    const size: Size = { width: 80, height: 32 };
    const failed = { mappings: FAILED, limits: FAILED, descriptors: FAILED };
    const replay = { speed: 1, endMs: 1000, damagedLines: 0, following: false };
    await expect(
      drawn([
        ['process', size, detail(4711, size, { facts: FACTS })],
        ['process in ASCII', size, detail(4712, size, { facts: FACTS, unicode: false })],
        ['process without rights', size, detail(4711, size, { facts: failed })],
        ['process before they are read', size, detail(4711, size)],
        ['process in a replay', size, detail(4711, size, { status: { ...sceneView().status, replay } })],
        ['process that has exited', size, detail(999, size, { facts: FACTS })],
      ]),
    ).toMatchFileSnapshot(golden('view/process-detail.txt'));
  });
});

describe('help', () => {
  test('at common terminal sizes', async () => {
    const sizes: Size[] = [
      { width: 80, height: 20 },
      { width: 120, height: 35 },
      { width: 200, height: 55 },
    ];
    const live = sceneView({ ui: { dialog: { kind: 'help', scroll: 0 } } });
    const pictures = sizes.map((size) => ['help', size, renderHelp(live, size)] as const);
    await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/help.txt'));
  });

  test('every key is on the page, at any width', () => {
    for (const width of [60, 80, 120, 200]) {
      const lines = renderHelp(sceneView(), { width, height: 200 });
      const shown = text(lines).replaceAll(/\s+/g, ' ');
      for (const { keys } of KEY_TABLE) expect(shown).toContain(keys.join(' '));
      for (const { title } of KEY_PLACES) expect(shown).toContain(title);
    }
  });

  test('the keys of a replay precede those of a live run in a replay, and follow them otherwise', () => {
    const replay = { speed: 1, endMs: 1000, damagedLines: 0, following: false };
    const status = { ...sceneView().status, replay };
    const size = { width: 80, height: 100 };
    const inReplay = text(renderHelp(sceneView({ view: { status } }), size));
    expect(inReplay.indexOf(' Replay\n')).toBeLessThan(inReplay.indexOf(' Live\n'));
    const live = text(renderHelp(sceneView(), size));
    expect(live.indexOf(' Live\n')).toBeLessThan(live.indexOf(' Replay\n'));
  });

  test('no key has two meanings in one place, and every place has a title', () => {
    for (const { where } of KEY_PLACES) {
      const keys = KEY_TABLE.filter((entry) => entry.where === where).flatMap((entry) => entry.keys);
      expect(keys).toEqual([...new Set(keys)]);
      expect(keys.length).toBeGreaterThan(0);
    }
    expect(KEY_TABLE.every(({ where }) => KEY_PLACES.some((place) => place.where === where))).toBe(true);
  });
});

describe('dialogs', () => {
  const dialogs: Dialog[] = [
    { kind: 'quit' },
    { kind: 'signal', pid: 4715, choice: 2 },
    { kind: 'filter', list: 'maps', text: '', before: '' },
    { kind: 'filter', list: 'processes', text: `${'long '.repeat(12)}日本`, before: '' },
    { kind: 'goto', text: '1m30s' },
  ];

  test('as boxes', async () => {
    const size = { width: 80, height: 24 };
    const pictures = dialogs.flatMap((dialog) => [
      [dialog.kind, size, renderDialog(sceneView({ ui: { dialog } }), size)?.lines ?? []] as const,
      [
        `${dialog.kind} in ASCII`,
        size,
        renderDialog(sceneView({ ui: { dialog }, ...ascii }), size)?.lines ?? [],
      ] as const,
    ]);
    await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/dialogs.txt'));
  });

  test('the chosen signal stays visible on a low screen', () => {
    const size = { width: 60, height: 8 };
    for (let choice = 0; choice < 9; choice++) {
      const box = renderDialog(sceneView({ ui: { dialog: { kind: 'signal', pid: 1, choice } } }), size);
      expect(text(box?.lines ?? [])).toContain('▶ SIG');
    }
  });

  test('help and maps have no box', () => {
    const size = { width: 80, height: 24 };
    for (const dialog of [
      { kind: 'help', scroll: 0 },
      { kind: 'map', id: 7, scroll: 0 },
      undefined,
    ] as const) {
      expect(renderDialog(sceneView({ ui: { dialog } }), size)).toBeUndefined();
    }
  });
});

describe('the end', () => {
  test('in three lines and in seven', async () => {
    const good = { ...SUMMARY, exit: { status: 0, code: 0 }, outlived: [], warnings: [], bpf: {} };
    const calm = { ...good, samples: { count: 9, late: 0, missed: 0, longestGapMs: 500 }, events: {} };
    const pictures = [SUMMARY, calm].flatMap((summary) =>
      [
        { width: 80, height: 3 },
        { width: 120, height: 7 },
      ].map((size) => ['the end', size, renderEnd(sceneView({ data: { summary } }), size)] as const),
    );
    await expect(drawn(pictures)).toMatchFileSnapshot(golden('view/end.txt'));
  });

  test('an exceeded budget is not shown as a success', () => {
    const good = { ...SUMMARY, exit: { status: 0, code: 0 }, outlived: [], warnings: [], bpf: {} };
    const builder = new ViewBuilder();
    for (const message of ['anon <= 1MiB: 2 MiB', 'bpf <= 1KiB: \u001b[2J 9 KiB'])
      builder.apply({ type: 'event', elapsedMs: 5, event: 'budget_exceeded', message });
    builder.apply(good);
    const size = { width: 100, height: 3 };
    const lines = renderEnd(sceneView({ view: { data: builder.data } }), size);
    expect(lines[0]?.[0]).toMatchObject({ text: '  ENDED  ', style: 'warning' });
    expect(lines[1]?.[0]).toMatchObject({
      text: '  2 BUDGETS EXCEEDED: anon <= 1MiB: 2 MiB; bpf <= 1KiB: \\x1b[2J 9 KiB',
      style: 'bad',
    });
  });

  test('without a summary, and without a peak', () => {
    const size = { width: 60, height: 3 };
    expect(text(renderEnd(sceneView(), size)).trim()).toBe('');
    const { peak: _, ...without } = SUMMARY;
    expect(text(renderEnd(sceneView({ data: { summary: without } }), size))).toContain('no peak');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '#src/model/sample.ts';
import { renderBreakdown } from '#src/view/panels/breakdown-panel.ts';
import { renderHeader } from '#src/view/panels/header.ts';
import { renderStatusLine } from '#src/view/panels/status-line.ts';
import { renderTimeline } from '#src/view/panels/timeline-panel.ts';
import { initialUiState, type View } from '#src/view/state/view.ts';
import { ViewBuilder } from '#src/view/state/view-builder.ts';
import { textOf, widthOf, widthOfLine } from '#src/view/text/cells.ts';
import type { Line, Size } from '#src/view/text/line.ts';
import { golden } from '../../../paths.ts';
import { exampleView } from '../example-view.ts';

const MIB = 1024 * 1024;

const PANELS = { breakdown: renderBreakdown, timeline: renderTimeline, header: renderHeader };

const emptyView = (): View => ({ ...exampleView({ options: { untilMs: 0 } }), data: new ViewBuilder().data });

const VIEWS: Readonly<Record<string, () => View>> = {
  cgroup2: () => exampleView(),
  ascii: () => exampleView({ unicode: false }),
  cgroup1: () => exampleView({ options: { mode: 'cgroup1' } }),
  'process-tree': () => exampleView({ options: { mode: 'process-tree' } }),
  unlimited: () => exampleView({ options: { unlimited: true } }),
  'first-sample': () => exampleView({ options: { untilMs: 0 } }),
  empty: emptyView,
  ended: () => exampleView({ options: { ended: true } }),
  kib: () => exampleView({ ui: { units: 'KiB' } }),
  bytes: () => exampleView({ ui: { units: 'bytes' } }),
  relative: () => exampleView({ ui: { relative: 'start' } }),
  'since-pause': () =>
    exampleView({
      ui: { relative: 'pause', windowMs: 60_000 },
      base: new Map([
        ['current', 200 * MIB],
        ['anon', 140 * MIB],
        ['kernel', 15 * MIB],
      ]),
    }),
  replay: () =>
    exampleView({
      status: {
        state: 'playing',
        elapsedMs: 65_000,
        replay: { speed: 4, endMs: 240_000, damagedLines: 3, following: true },
      },
    }),
};

/** The sizes of the panels at 80x24, 120x40 and 200x60, and on small terminals. */
const SIZES: Readonly<Record<keyof typeof PANELS, readonly Size[]>> = {
  breakdown: [
    { width: 80, height: 3 },
    { width: 80, height: 8 },
    { width: 59, height: 13 },
    { width: 99, height: 20 },
  ],
  timeline: [
    { width: 80, height: 4 },
    { width: 80, height: 6 },
    { width: 60, height: 13 },
    { width: 100, height: 20 },
  ],
  header: [
    { width: 60, height: 1 },
    { width: 80, height: 2 },
    { width: 120, height: 3 },
  ],
};

function text(lines: readonly Line[]): string {
  return `${lines.map((line) => textOf(line)).join('\n')}\n`;
}

function drawn(panel: keyof typeof PANELS, view: View): string {
  return SIZES[panel]
    .map((size) => `${size.width}x${size.height}\n${text(PANELS[panel](view, size))}`)
    .join('\n');
}

const CASES = (Object.keys(PANELS) as (keyof typeof PANELS)[]).flatMap((panel) =>
  Object.keys(VIEWS).map((name) => ({ panel, name })),
);

describe('panels of figures', () => {
  it.each(CASES)('draw the $panel of $name', async ({ panel, name }) => {
    await expect(drawn(panel, (VIEWS[name] as () => View)())).toMatchFileSnapshot(
      golden(`view/${panel}/${name}.txt`),
    );
  });

  it('list the containers of a pod, without those that are gone', () => {
    const view = exampleView();
    const builder = new ViewBuilder();
    const sample = { ...(view.data.latest as Sample), reason: 'tick' as const };
    const container = (cgroup: string, mib: number, name?: string) => ({
      cgroup,
      current: mib * MIB,
      ...(name === undefined ? {} : { name }),
    });
    const [web, odd] = [container('a', 20, 'web'), container('b', 90, '\u001b[31m日本語'.repeat(9))];
    builder.apply({ ...sample, elapsedMs: 1000, containers: [web, odd, container('gone', 5)] });
    builder.apply({ ...sample, elapsedMs: 1500, containers: [web, odd, container('c0ffee', 3)] });
    const shown = renderBreakdown({ ...view, data: builder.data }, { width: 100, height: 30 });
    expect(shown.map(widthOfLine)).toEqual(shown.map(() => 100));
    const rows = shown.map((line) => textOf(line)).filter((line) => line.includes('a container'));
    expect(rows.map((row) => /^ +(\S+) .*?([\d.]+ MiB)/.exec(row)?.slice(1))).toEqual([
      ['\\x1b[31m日本語\\x', '90.0 MiB'],
      ['web', '20.0 MiB'],
      ['c0ffee', '3.00 MiB'],
    ]);
    expect([...builder.data.tracks.keys()].filter((name) => name.includes('gone'))).toEqual([]);
  });

  it('draw the status line', async () => {
    const lines = Object.values(VIEWS).flatMap((make) => {
      const view = make();
      return [30, 59, 100].map((width) => textOf(renderStatusLine(view, width)));
    });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden('view/status-line.txt'));
  });

  it('fill any size exactly', () => {
    const views = Object.values(VIEWS).map((make) => make());
    fc.assert(
      fc.property(
        fc.constantFrom(...views),
        fc.constantFrom(...Object.values(PANELS)),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 1, max: 80 }),
        fc.nat({ max: 40 }),
        (view, render, width, height, breakdownScroll) => {
          const scrolled = { ...view, ui: { ...view.ui, breakdownScroll } };
          const lines = render(scrolled, { width, height });
          expect(lines).toHaveLength(height);
          for (const line of lines) expect(widthOf(textOf(line))).toBe(width);
          expect(widthOf(textOf(renderStatusLine(scrolled, width)))).toBe(width);
        },
      ),
    );
  });

  it.each(['ascii', 'cgroup2'])('show %s without control characters, and in ASCII if required', (name) => {
    const view = (VIEWS[name] as () => View)();
    const all = (Object.keys(PANELS) as (keyof typeof PANELS)[]).map((panel) => drawn(panel, view)).join('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(all).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    if (name === 'ascii') expect(all).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('scroll the breakdown from its start to its end', () => {
    const at = (breakdownScroll: number) =>
      text(renderBreakdown(exampleView({ ui: { breakdownScroll } }), { width: 80, height: 10 }));
    expect(at(1)).toContain('1-7 of 16');
    expect(at(3)).toContain('3-9 of 16');
    expect(at(99)).toContain('10-16 of 16');
    expect(at(99)).toContain('uncharged BPF');
  });

  it('never show absent values as 0', () => {
    const view = { ...emptyView(), ui: initialUiState() };
    const builder = new ViewBuilder();
    builder.apply({ type: 'sample', elapsedMs: 0, reason: 'launch', current: 5 * MIB });
    const rows = renderBreakdown({ ...view, data: builder.data }, { width: 100, height: 20 }).map(textOf);
    for (const name of ['anon', 'file', 'kernel', 'BPF maps']) {
      const row = rows.find((line) => line.slice(1).includes(` ${name} `));
      expect(row).toMatch(/ -\s+-\s+-\s*$/);
    }
  });

  it('leave out rows that were 0 all the time, but neither those of 0 now nor unknown ones', () => {
    const builder = new ViewBuilder();
    const stat = { anon: 5 * MIB, file: 0, sock: 0 };
    builder.apply({
      type: 'sample',
      elapsedMs: 0,
      reason: 'launch',
      current: 5 * MIB,
      stat,
      swap: { current: 0 },
    });
    const labels = () =>
      renderBreakdown(
        { ...emptyView(), ui: initialUiState(), data: builder.data },
        { width: 100, height: 20 },
      )
        .slice(2)
        .map((line) =>
          textOf(line)
            .slice(4, 21)
            .trim()
            .replace(/ {2}.*/, ''),
        )
        .filter((label) => label !== '');
    expect(labels()).toEqual(['current', 'working set', 'anon', 'kernel', 'BPF maps', 'BPF programs']);
    builder.apply({
      type: 'sample',
      elapsedMs: 1,
      reason: 'tick',
      current: 5 * MIB,
      stat: { anon: 0, file: MIB, sock: 0 },
    });
    expect(labels()).toEqual([
      'current',
      'working set',
      'anon',
      'file',
      'kernel',
      'BPF maps',
      'BPF programs',
    ]);
  });

  it('show the highest total after the end, not the empty cgroup', () => {
    const end = exampleView({ options: { untilMs: 100_000, ended: true } });
    const lines = text(renderBreakdown(end, { width: 80, height: 12 }));
    const { tracks } = end.data;
    expect(tracks.get('current')?.now).toBeLessThan(5 * MIB);
    expect(lines).toMatch(/^ ███ anon █/m);
    expect(lines).toMatch(/at peak +share +peak/);
    const highest = (tracks.get('current')?.atHighest ?? 0) / MIB;
    expect(lines).toMatch(new RegExp(`c current +${highest.toFixed(0)} MiB +100%`));
  });

  it('draw lines without letters in them: only their ends, the peak and events are named', () => {
    const view = exampleView({ options: { untilMs: 100_000 } });
    const plots = renderTimeline(view, { width: 80, height: 12 })
      .map(textOf)
      .filter((line) => /[┤│]/.test(line))
      .map((line) =>
        line.slice(line.search(/[┤│]/) + 1, 68).replace(/peak [\d.]+ [KMG]iB|memory\.\w+ [\d.]+ [KMG]iB/, ''),
      );
    expect(plots.length).toBeGreaterThan(5);
    for (const plot of plots) expect(plot).not.toMatch(/[a-z]/i);
  });

  it('mark the times of memory by name, also after the last sample', () => {
    const { data, ...rest } = exampleView({ options: { untilMs: 100_000 } });
    const view = { ...rest, data: { ...data, explainedMs: [50_000, 100_500] } };
    const lines = renderTimeline(view, { width: 80, height: 12 }).map(textOf);
    expect(lines.at(-1)).toMatch(/^ +x.* e .*e explained/);
  });

  it('mark an exceeded limit in words', () => {
    const view = exampleView({ options: { untilMs: 138_500 } });
    const lines = text(renderBreakdown(view, { width: 80, height: 8 }));
    expect(lines).toContain('over');
  });
});

it('the header reports damaged lines if there are any', () => {
  const headerOf = (damagedLines: number) => {
    const replay = { speed: 1, endMs: 240_000, damagedLines, following: false };
    const lines = renderHeader(exampleView({ status: { replay } }), { width: 200, height: 3 });
    return lines.map(textOf).join('\n');
  };
  expect(headerOf(0)).not.toContain('damaged');
  expect(headerOf(2)).toContain('damaged lines skipped 2');
});

/** The timeline: zoom, pan, a legend that switches series, and the values under the pointer. */
import uPlot from 'uplot';
import { formatBytes, formatDuration } from '../../../format/units.ts';
import type { PageModel, RunModel } from '../data/page-model.ts';
import { STROKES } from '../draw/chart-colors.ts';
import { ticksUpTo } from '../draw/ticks.ts';
import { button, choice, create, darkScheme, find } from './elements.ts';
import { drawMarks, type Marks } from './marks.ts';
import { overlaySeries, type Plotted, runSeries, stackedSeries } from './plotted.ts';

const HEIGHT = 360;
/** One step of zoom. */
const ZOOM = 0.7;
const PAN = 0.2;
/** A limit that is this many times higher would flatten the series. */
const FAR = 2.5;
/** How near the pointer has to be to an event. Unit: pixels. */
const NEAR = 6;

/** Of the time axis. Unit: seconds. */
interface Range {
  min: number;
  max: number;
}

/** Receives a moment that was chosen. */
type OnMoment = (run: RunModel, ms: number) => void;

/** Controls and chart. */
export class TimelineView {
  #runs: readonly RunModel[];
  readonly #onMoment: OnMoment;
  readonly #plotHost = create('div', {
    class: 'plot',
    tabindex: '0',
    role: 'application',
    'aria-label':
      'Timeline: arrow keys pan, plus and minus zoom, 0 shows all, Enter shows the composition at the middle',
  });
  readonly #legend = create('div', { class: 'legend', role: 'group', 'aria-label': 'Series' });
  readonly #readout = create('output', { class: 'readout', 'aria-live': 'off' });
  readonly #hidden = new Set<string>();
  #plot: uPlot | undefined;
  #plotted: Plotted | undefined;
  #mode: 'lines' | 'stacked' = 'lines';
  /** Undefined for all of them. */
  #run: RunModel | undefined;
  #momentMs: number | undefined;

  private constructor(runs: readonly RunModel[], host: HTMLElement, onMoment: OnMoment) {
    this.#runs = runs;
    this.#onMoment = onMoment;
    this.#run = runs.length === 1 ? runs[0] : undefined;
    const mode = choice(
      'View',
      [
        ['lines', 'lines'],
        ['stacked', 'stacked'],
      ],
      (value) => {
        this.#mode = value === 'stacked' ? 'stacked' : 'lines';
        this.#rebuild();
      },
    );
    const which = choice(
      'Recording',
      [
        ['all', 'all, overlaid'],
        ...runs.map(({ label }, index) => [String(index), label.slice(0, 80)] as const),
      ],
      (value) => {
        this.#run = value === 'all' ? undefined : runs[Number(value)];
        this.#rebuild();
        const run = this.#run ?? runs[0];
        if (run !== undefined) this.#onMoment(run, run.peak?.elapsedMs ?? 0);
      },
    );
    const tools = create(
      'div',
      { class: 'tools' },
      ...(runs.length > 1 ? [which.element] : []),
      mode.element,
      button('Zoom in', () => this.#zoom(ZOOM)),
      button('Zoom out', () => this.#zoom(1 / ZOOM)),
      button('Earlier', () => this.#pan(-PAN)),
      button('Later', () => this.#pan(PAN)),
      button('Show all', () => this.#reset()),
    );
    host.append(
      tools,
      this.#legend,
      this.#plotHost,
      this.#readout,
      create(
        'p',
        { class: 'hint' },
        'Drag to zoom, Shift and drag to pan, double-click to show all, click to see the composition at that moment.',
      ),
    );
    this.#plotHost.addEventListener('keydown', (event) => this.#onKey(event));
    darkScheme.addEventListener('change', () => this.#rebuild());
    new ResizeObserver(() => this.#resize()).observe(this.#plotHost);
    this.#rebuild();
  }

  /** Replaces the static charts; undefined if there is nothing to draw. */
  static mount({ runs }: PageModel, onMoment: OnMoment): TimelineView | undefined {
    const host = find('timeline-view');
    const drawn = runs.filter(({ samples }) => samples > 0);
    return host === undefined || drawn.length === 0 ? undefined : new TimelineView(drawn, host, onMoment);
  }

  /** Draws new data of the same runs; undefined if there are others, or if the place for it was removed. */
  update({ runs }: PageModel): TimelineView | undefined {
    const host = find('timeline-view');
    const drawn = runs.filter(({ samples }) => samples > 0);
    const isSame =
      drawn.length === this.#runs.length && drawn.every(({ label }, at) => label === this.#runs[at]?.label);
    if (host?.contains(this.#plotHost) === true && isSame) {
      const shown = this.#run === undefined ? -1 : this.#runs.indexOf(this.#run);
      this.#runs = drawn;
      this.#run = drawn[shown];
      this.#redraw(this.#rangeAfter());
      return this;
    }
    this.#plot?.destroy();
    host?.replaceChildren();
    return undefined;
  }

  /** Draws new data; a selection in progress is kept, unless there are other series. */
  #redraw(range: Range): void {
    const plotted = this.#toPlot();
    const ids = (each: Plotted | undefined) => each?.series.map(({ id }) => id).join();
    if (ids(plotted) !== ids(this.#plotted)) this.#rebuild();
    else {
      this.#plotted = plotted;
      this.#plot?.setData(plotted.data as uPlot.AlignedData, false);
    }
    this.#plot?.setScale('x', range);
    this.#read();
  }

  /** What to show of data that have grown: all if all is shown, the end if the end is shown. */
  #rangeAfter(): Range {
    const range = this.#range();
    const [end, next] = [this.#endS(), this.#lastS()];
    if (range === undefined || (range.min <= 0 && range.max >= end)) return { min: 0, max: next };
    const by = range.max >= end ? next - end : 0;
    return { min: range.min + by, max: range.max + by };
  }

  #lastS(): number {
    const runs = this.#run === undefined ? this.#runs : [this.#run];
    return Math.max(...runs.map(({ series: { toMs } }) => (toMs[toMs.length - 1] ?? 0) / 1000));
  }

  /** Marks the moment whose composition is shown. */
  mark(ms: number): void {
    this.#momentMs = ms;
    this.#plot?.redraw(false);
  }

  #toPlot(): Plotted {
    if (this.#run === undefined) return overlaySeries(this.#runs);
    return this.#mode === 'stacked' ? stackedSeries(this.#run, this.#hidden) : runSeries(this.#run);
  }

  #rebuild(): void {
    const range = this.#range();
    this.#plot?.destroy();
    const plotted = this.#toPlot();
    this.#plotted = plotted;
    const isDark = darkScheme.matches;
    const text = isDark ? '#c5cad3' : '#4a5160';
    const grid = { stroke: isDark ? '#333944' : '#e3e6ea', width: 1 };
    const axis = { stroke: text, grid, ticks: grid, font: '12px sans-serif' };
    const colorOf = (color: number) => STROKES[color % STROKES.length]?.[isDark ? 'dark' : 'light'] ?? text;
    this.#plot = new uPlot(
      {
        width: Math.max(200, this.#plotHost.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false, dist: 5 }, points: { size: 7 } },
        scales: { x: { time: false }, y: { range: (_, _min, max) => [0, this.#top(max ?? 1)] } },
        axes: [
          { ...axis, values: (_, splits) => splits.map((s) => formatDuration(s * 1000)), space: 70 },
          {
            ...axis,
            size: 74,
            splits: (_, _axis, _min, max) => ticksUpTo(max, 6, true),
            values: (_, splits) => splits.map(formatBytes),
          },
        ],
        series: [
          {},
          ...plotted.series.map(({ id, label, color, isArea }) => ({
            label,
            show: !this.#hidden.has(id),
            stroke: colorOf(color),
            width: 1.5,
            points: { show: plotted.data[0] !== undefined && plotted.data[0].length < 3 },
            ...(isArea ? { fill: `${colorOf(color)}aa` } : {}),
          })),
        ],
        hooks: {
          draw: [(plot) => drawMarks(plot, this.#marks())],
          setCursor: [() => this.#read()],
        },
      },
      plotted.data as uPlot.AlignedData,
      this.#plotHost,
    );
    if (range !== undefined) this.#plot.setScale('x', range);
    this.#listen(this.#plot);
    this.#drawLegend(colorOf);
    this.#read();
  }

  /** uPlot zooms by dragging; a click and a shifted drag are ours. */
  #listen(plot: uPlot): void {
    plot.over.addEventListener('click', (event) => {
      const run = this.#run ?? this.#runs[0];
      if (run === undefined || event.shiftKey) return;
      this.#choose(run, plot.posToVal(event.offsetX, 'x') * 1000);
    });
    plot.over.addEventListener(
      'mousedown',
      (event) => {
        if (!event.shiftKey) return;
        event.stopImmediatePropagation();
        event.preventDefault();
        let at = event.clientX;
        const move = (moved: MouseEvent) => {
          this.#pan((at - moved.clientX) / plot.over.clientWidth);
          at = moved.clientX;
        };
        const end = () => document.removeEventListener('mousemove', move);
        document.addEventListener('mousemove', move);
        document.addEventListener('mouseup', end, { once: true });
      },
      { capture: true },
    );
  }

  #choose(run: RunModel, ms: number): void {
    const known = Math.min(run.durationMs, Math.max(0, ms));
    this.mark(known);
    this.#onMoment(run, known);
  }

  #marks(): Marks {
    const run = this.#run;
    const isShown = (channel: string) => !this.#hidden.has(channel);
    return {
      limits: run?.limits.filter(({ channel }) => isShown(channel)) ?? [],
      events: run?.events ?? [],
      peak: run?.peak,
      momentMs: this.#momentMs,
      isDark: darkScheme.matches,
    };
  }

  #drawLegend(colorOf: (color: number) => string): void {
    const focused = this.#legend.contains(document.activeElement)
      ? document.activeElement?.querySelector('[data-series]')?.getAttribute('data-series')
      : undefined;
    const items = (this.#plotted?.series ?? []).map(({ id, label, color }) => {
      const swatch = create('span', { class: 'swatch', 'aria-hidden': 'true' });
      swatch.style.background = colorOf(color);
      const value = create('span', { class: 'value', 'data-series': id });
      const item = button('', () => this.#toggle(id), { 'aria-pressed': String(!this.#hidden.has(id)) });
      item.append(swatch, ` ${label} `, value);
      return item;
    });
    this.#legend.replaceChildren(...items);
    if (focused === undefined) return;
    items
      .find((item) => item.querySelector('[data-series]')?.getAttribute('data-series') === focused)
      ?.focus();
  }

  #toggle(id: string): void {
    if (this.#hidden.has(id)) this.#hidden.delete(id);
    else this.#hidden.add(id);
    this.#rebuild();
  }

  /** Shows the values under the pointer, and an event near it. */
  #read(): void {
    const [plot, plotted] = [this.#plot, this.#plotted];
    if (plot === undefined || plotted === undefined) return;
    const { idx, left = -1 } = plot.cursor;
    const isInside = idx !== null && idx !== undefined && left >= 0;
    for (const [index, { id }] of plotted.series.entries()) {
      const value = isInside ? plotted.values[index]?.[idx] : plotted.maxima[index];
      const shown = this.#legend.querySelector(`[data-series="${CSS.escape(id)}"]`);
      if (shown !== null)
        shown.textContent =
          value === null || value === undefined ? '-' : `${isInside ? '' : 'max. '}${formatBytes(value)}`;
    }
    const seconds = isInside ? plotted.data[0]?.[idx] : undefined;
    if (typeof seconds !== 'number') {
      this.#readout.textContent = ' ';
      return;
    }
    const events = (this.#run?.events ?? [])
      .filter(({ ms }) => Math.abs(plot.valToPos(ms / 1000, 'x') - left) <= NEAR)
      .slice(0, 3);
    const named = events.map(
      ({ ms, event, text }) => `${formatDuration(ms)} ${event}${text === '' ? '' : `: ${text}`}`,
    );
    this.#readout.textContent = [
      `${seconds.toFixed(seconds < 100 ? 2 : 1)} s (${formatDuration(seconds * 1000)})`,
      ...named,
    ]
      .join('; ')
      .slice(0, 300);
  }

  /** The top of the scale: limits that are not far above the series are inside. */
  #top(max: number): number {
    const near = this.#marks().limits.filter(({ bytes }) => bytes <= max * FAR);
    return Math.max(1, max, ...near.map(({ bytes }) => bytes)) * 1.06;
  }

  #range(): Range | undefined {
    const { min, max } = this.#plot?.scales.x ?? {};
    return typeof min === 'number' && typeof max === 'number' ? { min, max } : undefined;
  }

  #endS(): number {
    const times = this.#plotted?.data[0];
    return Math.max(0.001, Number(times?.[times.length - 1] ?? 0));
  }

  #zoom(factor: number): void {
    const range = this.#range();
    if (range === undefined) return;
    const middle = (range.min + range.max) / 2;
    const half = ((range.max - range.min) / 2) * factor;
    this.#setRange(middle - half, middle + half);
  }

  #pan(share: number): void {
    const range = this.#range();
    if (range === undefined) return;
    const by = (range.max - range.min) * share;
    this.#setRange(range.min + by, range.max + by);
  }

  #setRange(min: number, max: number): void {
    const end = this.#endS();
    const span = Math.min(end, max - min);
    if (span < 0.001) return;
    const start = Math.min(Math.max(0, min), end - span);
    this.#plot?.setScale('x', { min: start, max: start + span });
  }

  #reset(): void {
    this.#setRange(0, this.#endS());
  }

  #onKey(event: KeyboardEvent): void {
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.#pan(-PAN),
      ArrowRight: () => this.#pan(PAN),
      '+': () => this.#zoom(ZOOM),
      '=': () => this.#zoom(ZOOM),
      '-': () => this.#zoom(1 / ZOOM),
      0: () => this.#reset(),
      Enter: () => {
        const [range, run] = [this.#range(), this.#run ?? this.#runs[0]];
        if (range !== undefined && run !== undefined) this.#choose(run, ((range.min + range.max) / 2) * 1000);
      },
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  #resize(): void {
    const width = this.#plotHost.clientWidth;
    if (this.#plot !== undefined && width > 0 && width !== this.#plot.width)
      this.#plot.setSize({ width, height: HEIGHT });
  }
}

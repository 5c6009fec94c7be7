/** Runs the view: handles keys, keeps the display state, and draws after changes. */

import { monotonicMs } from '../kernel/monotonic.ts';
import type { BpfAdvice } from '../model/bpf-advice.ts';
import type { ProcessFacts } from '../sampler/process-facts.ts';
import { breakdownScrollIn } from './panels/breakdown-panel.ts';
import { type Frame, renderFrame } from './panels/frame.ts';
import { writeSnapshot } from './snapshot.ts';
import { scrollPage } from './state/dialog-keys.ts';
import type { Effect } from './state/effect.ts';
import { focusOn, press } from './state/keys.ts';
import type { Region } from './state/layout.ts';
import { idAtRow, isTable, topOfList } from './state/lists.ts';
import { moveInExplanation } from './state/memory-rows.ts';
import { moveBy } from './state/moves.ts';
import {
  type Explained,
  initialUiState,
  isPage,
  type OutputView,
  type UiState,
  type View,
  type ViewData,
  type ViewStatus,
} from './state/view.ts';
import type { MouseAction } from './terminal/terminal-input.ts';
import type { Screen } from './terminal/terminal-screen.ts';

/** The displayed data: a live run, or a recording. */
export interface Shown {
  data(): ViewData;
  /** An independent copy of `data()`. */
  snapshot(): ViewData;
  status(): ViewStatus;
  output(): OutputView;
  /** Undefined if it was not computed. */
  advice(): readonly BpfAdvice[] | undefined;
  /**
   * The details of a process, which are read because they are requested; undefined until then. Absent in a
   * replay.
   */
  facts?(pid: number): ProcessFacts | undefined;
  /** The memory by name: the last that was requested, or the one of the displayed time. */
  explained(): Explained;
}

/** The owner of the view. */
export interface ViewerOwner {
  /** Carries out effects outside the view. */
  effect(effect: Effect): void;
  /** Drawing failed; the screen is closed. */
  failed(error: unknown): void;
  /** The terminal no longer exists. */
  lost(): void;
}

/** Minimum time between two redraws because of new data. Unit: milliseconds. */
const FRAME_MS = 400;

/**
 * A sample, its maps and its processes arrive in quick succession and are drawn together. Unit: milliseconds.
 */
const DRAW_DELAY_MS = 15;

/** The number of rows that one wheel step scrolls. */
const WHEEL_ROWS = 3;

/** One open view. */
export class Viewer {
  readonly #screen: Screen;
  readonly #shown: Shown;
  readonly #owner: ViewerOwner;
  #ui: UiState = initialUiState();
  /** The data shown during a pause, which is the base of relative figures after it. */
  #paused: { data: ViewData; output: OutputView; elapsedMs: number } | undefined;
  #pauseBase: ReadonlyMap<string, number> | undefined;
  #startBase: ReadonlyMap<string, number> | undefined;
  #frame: Frame = { lines: [], regions: [], pageEnd: 0 };
  #timer: NodeJS.Timeout | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(screen: Screen, shown: Shown, owner: ViewerOwner) {
    this.#screen = screen;
    this.#shown = shown;
    this.#owner = owner;
    screen.onKey((key) => this.#guard(() => this.#press(key)));
    screen.onPaste((text) => this.#guard(() => this.#paste(text)));
    screen.onMouse((action) => this.#guard(() => this.#point(action)));
    screen.onResize(() => this.#guard(() => this.#draw()));
    screen.onLost(() => this.#owner.lost());
  }

  /** Whether anything was drawn: the terminal is unchanged until then. */
  get isDrawn(): boolean {
    return this.#drawnMs !== Number.NEGATIVE_INFINITY;
  }

  /** Redraws soon after a change, at a limited rate; does nothing before the first `drawNow`. */
  changed(): void {
    if (this.#closed || this.#timer !== undefined || !this.isDrawn) return;
    const waitMs = Math.max(DRAW_DELAY_MS, this.#drawnMs + FRAME_MS - monotonicMs());
    this.#timer = setTimeout(() => this.#guard(() => this.#draw()), waitMs);
  }

  /** Redraws now. */
  drawNow(): void {
    this.#guard(() => this.#draw());
  }

  /** Shows a message at the bottom, until the next key. */
  showMessage(message: string): void {
    this.#ui = { ...this.#ui, message };
    this.changed();
  }

  /** Restores the terminal; may be called more than once. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#screen.close();
  }

  /** An error in the view must neither end the run nor leave the terminal in raw mode. */
  #guard(action: () => void): void {
    if (this.#closed) return;
    try {
      action();
    } catch (error) {
      this.close();
      this.#owner.failed(error);
    }
  }

  #view(): View {
    const paused = this.#ui.paused ? this.#paused : undefined;
    const { dialog } = this.#ui;
    const advice = dialog?.kind === 'map' ? this.#shown.advice() : undefined;
    const facts = dialog?.kind === 'process' ? this.#shown.facts?.(dialog.id) : undefined;
    const explained = dialog?.kind === 'explain' ? this.#shown.explained() : undefined;
    const status = this.#shown.status();
    return {
      ...(advice === undefined ? {} : { advice }),
      ...(facts === undefined ? {} : { facts }),
      ...(explained === undefined ? {} : { explained }),
      data:
        paused === undefined ? this.#shown.data() : { ...paused.data, summary: this.#shown.data().summary },
      base: this.#base(),
      wasPaused: this.#pauseBase !== undefined,
      // The state of the target and the available keys are not paused.
      status: paused === undefined ? status : { ...status, elapsedMs: paused.elapsedMs },
      output: paused?.output ?? this.#shown.output(),
      ui: this.#ui,
      unicode: this.#screen.kind.unicode,
    };
  }

  #base(): ReadonlyMap<string, number> | undefined {
    if (this.#ui.relative === 'pause') return this.#pauseBase;
    if (this.#ui.relative !== 'start') return undefined;
    const { tracks } = this.#shown.data();
    // New figures may appear later; each one has its own base.
    if (this.#startBase === undefined || this.#startBase.size < tracks.size) {
      this.#startBase = new Map([...tracks].map(([id, { first }]) => [id, first]));
    }
    return this.#startBase;
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnMs = monotonicMs();
    const view = this.#view();
    this.#frame = renderFrame(view, this.#screen.size);
    this.#screen.draw(this.#frame.lines);
    this.#keepTops(view);
    this.#keepScrolls(view);
  }

  /** Limits the scroll position to the end immediately. */
  #keepScrolls(view: View): void {
    const { dialog } = this.#ui;
    if (isPage(dialog) && dialog.scroll > this.#frame.pageEnd)
      this.#ui = { ...this.#ui, dialog: { ...dialog, scroll: this.#frame.pageEnd } };
    const region = this.#frame.regions.find(({ panel }) => panel === 'breakdown');
    if (region === undefined) return;
    const size = { width: region.width, height: region.height - 1 };
    this.#ui = { ...this.#ui, breakdownScroll: breakdownScrollIn(view, size) };
  }

  /** A list keeps its scroll position regardless of the selection. */
  #keepTops(view: View): void {
    for (const { panel, height } of this.#frame.regions) {
      if (!isTable(panel)) continue;
      const top = topOfList(view, panel, height - 1);
      if (top !== this.#ui[panel].top) this.#ui = { ...this.#ui, [panel]: { ...this.#ui[panel], top } };
    }
  }

  #press(key: string): void {
    const { ui, effect } = press(this.#view(), key);
    this.#change(ui);
    if (effect !== undefined) this.#applyEffect(effect);
    if (!this.#closed) this.#draw();
  }

  #change(ui: UiState): void {
    if (ui.paused && !this.#ui.paused) this.#pause();
    this.#ui = ui;
  }

  #pause(): void {
    const data = this.#shown.snapshot();
    this.#paused = { data, output: this.#shown.output(), elapsedMs: this.#shown.status().elapsedMs };
    this.#pauseBase = new Map([
      ...[...data.tracks].map(([id, { now }]) => [id, now] as const),
      ...[...data.maps].map(([id, { row }]) => [`map:${id}`, row.bytes] as const),
      ...[...data.processes].map(([pid, { row }]) => [`process:${pid}`, row.rss] as const),
    ]);
  }

  #applyEffect(effect: Effect): void {
    switch (effect.kind) {
      case 'redraw':
        this.#screen.redraw();
        break;
      case 'suspend':
        this.#screen.suspend();
        break;
      case 'snapshot':
        this.#ui = { ...this.#ui, message: writeSnapshot(this.#view()) };
        break;
      default:
        this.#owner.effect(effect);
    }
  }

  /** Pasted text is only for prompts: as keys it might end the target. */
  #paste(text: string): void {
    const kind = this.#ui.dialog?.kind;
    if (kind !== 'filter' && kind !== 'goto') return;
    for (const character of text.replaceAll(/\p{Cc}/gu, ' ').trim()) {
      this.#ui = press(this.#view(), character === ' ' ? 'space' : character).ui;
    }
    this.#draw();
  }

  #point(action: MouseAction): void {
    const region = this.#frame.regions.find((each) => isIn(each, action));
    const rows = action.kind === 'wheel' && action.direction === 'up' ? -WHEEL_ROWS : WHEEL_ROWS;
    const { dialog } = this.#ui;
    if (action.kind === 'wheel' && isPage(dialog)) {
      this.#change(scrollPage(this.#ui, dialog, rows));
      this.#draw();
      return;
    }
    if (action.kind === 'wheel' && dialog?.kind === 'explain') {
      this.#change(moveInExplanation(this.#view(), dialog, rows));
      this.#draw();
      return;
    }
    if (region === undefined || dialog !== undefined) return;
    const view = this.#view();
    if (action.kind === 'wheel') {
      this.#change(moveBy(view, this.#ui, region.panel, rows));
    } else if (action.button === 'left') this.#change(clicked(view, region, action.row));
    this.#draw();
  }
}

function isIn(
  { left, top, width, height }: Region,
  { column, row }: { column: number; row: number },
): boolean {
  return column >= left && column < left + width && row >= top && row < top + height;
}

/** Focuses the panel and selects a row of a list. */
function clicked(view: View, region: Region, row: number): UiState {
  const { panel } = region;
  const ui = focusOn(view.ui, panel);
  if (!isTable(panel)) return ui;
  const id = idAtRow(view, panel, region.height - 1, row - region.top - 1);
  return id === undefined ? ui : { ...ui, [panel]: { ...ui[panel], selected: id } };
}

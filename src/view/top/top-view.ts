/** The view of all cgroups: draws readings, and handles keys. */
import { ToolError } from '../../errors.ts';
import type { Explanation } from '../../model/explain/explanation.ts';
import type { HostCgroup, HostReading } from '../../model/host/host-cgroups.ts';
import { renderExplainPage } from '../panels/explain-page.ts';
import { fillUp } from '../panels/pieces.ts';
import { moveInExplanation, openExplanation, pressInExplanation } from '../state/memory-rows.ts';
import { type Explained, initialUiState, type View } from '../state/view.ts';
import { ViewBuilder } from '../state/view-builder.ts';
import type { MouseAction } from '../terminal/terminal-input.ts';
import type { Screen } from '../terminal/terminal-screen.ts';
import { fitText } from '../text/cells.ts';
import type { Line } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';
import { renderTop, type TopFrame } from './top-panel.ts';
import { pressInTop, selectedTopRow, type TopEffect, type TopUi, topRows } from './top-state.ts';

/** The owner of the view. */
export interface TopOwner {
  nameOf(cgroup: HostCgroup): string;
  intervalMs(): number;
  /** Returns why the interval stays as it is, if it does. */
  changeInterval(step: 1 | -1): string | undefined;
  /** The view is closed for a while, and the screen with it. */
  attach(cgroup: HostCgroup): void;
  /** Undefined stands for the host. @throws ToolError. */
  explain(
    cgroup: HostCgroup | undefined,
    onProgress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<Explanation>;
  /** Ctrl-C, `q`, or the terminal is gone; with the error if drawing failed. */
  quit(failure?: unknown): void;
}

/** The number of rows that one wheel step scrolls. */
const WHEEL_ROWS = 3;

/** Nothing but the memory by name is shown of it. */
const NO_RUN = new ViewBuilder();

interface ExplainedCgroup {
  title: string;
  explained: Explained;
  ui: View['ui'];
  abort: AbortController;
  again: () => void;
}

/** One open view. */
export class TopView {
  readonly #screen: Screen;
  readonly #owner: TopOwner;
  #ui: TopUi;
  #reading: HostReading | undefined;
  #frame: TopFrame | undefined;
  #explained: ExplainedCgroup | undefined;
  #isClosed = false;

  constructor(screen: Screen, ui: TopUi, owner: TopOwner) {
    this.#screen = screen;
    this.#ui = ui;
    this.#owner = owner;
    screen.onKey((key) => this.#guard(() => this.#press(key)));
    screen.onPaste((text) => this.#guard(() => this.#paste(text)));
    screen.onMouse((action) => this.#guard(() => this.#point(action)));
    screen.onResize(() => this.#guard(() => this.#draw()));
    screen.onLost(() => owner.quit());
  }

  /** For the view that is opened again. */
  get ui(): TopUi {
    return this.#ui;
  }

  /** Draws a reading, unless the view is paused. */
  show(reading: HostReading): void {
    if (this.#ui.isPaused && this.#reading !== undefined) return;
    this.#reading = reading;
    this.#guard(() => this.#draw());
  }

  /** Restores the terminal; may be called more than once. */
  close(): void {
    this.#isClosed = true;
    this.#explained?.abort.abort();
    this.#screen.close();
  }

  #guard(action: () => void): void {
    if (this.#isClosed) return;
    try {
      action();
    } catch (error) {
      this.close();
      this.#owner.quit(error);
    }
  }

  #draw(): void {
    const reading = this.#reading;
    if (reading === undefined || this.#isClosed) return;
    const { size, kind } = this.#screen;
    if (this.#explained !== undefined) {
      this.#screen.draw(this.#explainLines(this.#explained));
      return;
    }
    const frame = renderTop(
      {
        reading,
        nameOf: this.#owner.nameOf,
        ui: this.#ui,
        unicode: kind.unicode,
        intervalMs: this.#owner.intervalMs(),
      },
      size,
    );
    this.#frame = frame;
    const { helpScroll } = this.#ui;
    this.#ui = {
      ...this.#ui,
      top: frame.top,
      helpScroll: helpScroll === undefined ? undefined : Math.min(helpScroll, frame.pageEnd),
    };
    this.#screen.draw(frame.lines);
  }

  #explainLines({ title, explained, ui }: ExplainedCgroup): Line[] {
    const { size, kind } = this.#screen;
    const view = this.#viewOf(explained, ui);
    const { dialog } = ui;
    const head: Line = [
      {
        text: fitText(` Memory by name: ${shownText(title, kind.unicode)}`, size.width, kind.unicode),
        style: 'title',
      },
    ];
    const keys: Line = [
      { text: fitText(' Esc back  Enter open, close  e read again', size.width, kind.unicode), style: 'dim' },
    ];
    const page = { width: size.width, height: Math.max(0, size.height - 2) };
    const lines = dialog?.kind === 'explain' ? renderExplainPage(view, dialog, page) : fillUp([], page);
    return [head, ...lines, keys].slice(0, size.height);
  }

  #viewOf(explained: Explained, ui: View['ui']): View {
    return {
      data: NO_RUN.data,
      base: undefined,
      wasPaused: false,
      status: { state: 'running', elapsedMs: 0, intervalMs: 0, late: 0, missed: 0, absent: {} },
      output: { lines: [], dropped: 0 },
      explained,
      ui,
      unicode: this.#screen.kind.unicode,
    };
  }

  #press(key: string): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    if (this.#explained !== undefined && key !== 'C-c') {
      this.#pressInExplanation(this.#explained, key);
    } else {
      const { ui, effect } = pressInTop({ reading, nameOf: this.#owner.nameOf, ui: this.#ui }, key);
      this.#ui = ui;
      if (effect !== undefined) this.#apply(effect);
    }
    if (!this.#isClosed) this.#draw();
  }

  #pressInExplanation(shown: ExplainedCgroup, key: string): void {
    const { dialog } = shown.ui;
    if (dialog?.kind !== 'explain') return;
    const pressed = pressInExplanation(this.#viewOf(shown.explained, shown.ui), shown.ui, dialog, key);
    shown.ui = pressed.ui;
    if (pressed.effect?.kind === 'explain' && shown.explained.state !== 'reading') shown.again();
    if (pressed.ui.dialog !== undefined) return;
    shown.abort.abort();
    this.#explained = undefined;
  }

  #apply(effect: TopEffect): void {
    switch (effect.kind) {
      case 'quit':
        this.#owner.quit();
        break;
      case 'redraw':
        this.#screen.redraw();
        break;
      case 'suspend':
        this.#screen.suspend();
        break;
      case 'interval': {
        const message = this.#owner.changeInterval(effect.step);
        this.#ui = { ...this.#ui, message };
        break;
      }
      case 'attach':
        this.#attach(effect.row.row?.cgroup);
        break;
      case 'explain':
        this.#explain(effect.row.row?.cgroup);
        break;
    }
  }

  /** The root of a container is a cgroup like all others. */
  #isHost({ parent }: HostCgroup): boolean {
    return parent === undefined && this.#reading?.isWholeHost !== false;
  }

  #attach(cgroup: HostCgroup | undefined): void {
    const message =
      cgroup === undefined
        ? 'no cgroup can be attached to for it; e explains the host'
        : this.#isHost(cgroup)
          ? 'the first row is not a single cgroup; e explains the host'
          : undefined;
    if (message !== undefined || cgroup === undefined) this.#ui = { ...this.#ui, message };
    else this.#owner.attach(cgroup);
  }

  #explain(selected: HostCgroup | undefined): void {
    const cgroup = selected === undefined || this.#isHost(selected) ? undefined : selected;
    const ui = openExplanation(this.#viewOf({ state: 'reading', share: 0 }, initialUiState()), {
      ...initialUiState(),
      units: this.#ui.units,
    }).ui;
    const shown: ExplainedCgroup = {
      title: cgroup?.path ?? 'host',
      explained: { state: 'reading', share: 0 },
      ui,
      abort: new AbortController(),
      again: () => void this.#read(shown, cgroup),
    };
    this.#explained = shown;
    shown.again();
  }

  async #read(shown: ExplainedCgroup, cgroup: HostCgroup | undefined): Promise<void> {
    const update = (explained: Explained) => {
      shown.explained = explained;
      if (this.#explained === shown) this.#guard(() => this.#draw());
    };
    const elapsedMs = this.#reading?.elapsedMs ?? 0;
    try {
      const progress = (share: number) => update({ state: 'reading', share });
      const explanation = await this.#owner.explain(cgroup, progress, shown.abort.signal);
      update({ state: 'read', explanation: { ...explanation, elapsedMs } });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const hint = error instanceof ToolError ? error.hint : undefined;
      update({ state: 'failed', message, ...(hint === undefined ? {} : { hint }) });
    }
  }

  /** Pasted text is only for the filter. */
  #paste(text: string): void {
    if (this.#ui.typed === undefined || this.#explained !== undefined) return;
    this.#ui = { ...this.#ui, typed: this.#ui.typed + text.replaceAll(/\p{Cc}/gu, ' ').trim() };
    this.#draw();
  }

  #point(action: MouseAction): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    const shown = this.#explained;
    const rows = action.kind === 'wheel' && action.direction === 'up' ? -WHEEL_ROWS : WHEEL_ROWS;
    if (shown !== undefined) {
      const { dialog } = shown.ui;
      if (action.kind === 'wheel' && dialog?.kind === 'explain') {
        shown.ui = moveInExplanation(this.#viewOf(shown.explained, shown.ui), dialog, rows);
      }
    } else if (action.kind === 'wheel') {
      const all = topRows({ reading, nameOf: this.#owner.nameOf, ui: this.#ui });
      const to = Math.max(0, Math.min(all.length - 1, selectedTopRow(all, this.#ui) + rows));
      this.#ui = { ...this.#ui, selected: all[to]?.id };
    } else if (action.button === 'left' && this.#frame !== undefined) {
      const row = this.#frame.rows[action.row - this.#frame.firstLine];
      if (row !== undefined) this.#ui = { ...this.#ui, selected: row.id };
    }
    this.#draw();
  }
}

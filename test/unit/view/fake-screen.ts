import type { MouseAction } from '#src/view/terminal/terminal-input.ts';
import type { TerminalKind } from '#src/view/terminal/terminal-kind.ts';
import type { Screen } from '#src/view/terminal/terminal-screen.ts';
import { textOf } from '#src/view/text/cells.ts';
import type { Line, Size } from '#src/view/text/line.ts';

/** A screen without a terminal: keys and mouse events are passed to it, and its content can be read. */
export class FakeScreen implements Screen {
  readonly size: Size;
  readonly kind = { unicode: true } as TerminalKind;
  isOpen = true;
  /** Number of frames. */
  draws = 0;
  #lines: readonly Line[] = [];
  #onKey: (name: string) => void = () => {};
  #onMouse: (action: MouseAction) => void = () => {};

  constructor(size: Size = { width: 100, height: 30 }) {
    this.size = size;
  }

  /** What is drawn now, row by row. */
  get rows(): string[] {
    return this.#lines.map((line) => textOf(line).trimEnd());
  }

  get text(): string {
    return this.rows.join('\n');
  }

  press(...keys: string[]): void {
    for (const key of keys) this.#onKey(key);
  }

  mouse(action: MouseAction): void {
    this.#onMouse(action);
  }

  draw(lines: readonly Line[]): void {
    this.#lines = lines;
    this.draws += 1;
  }

  onKey(listener: (name: string) => void): void {
    this.#onKey = listener;
  }

  onMouse(listener: (action: MouseAction) => void): void {
    this.#onMouse = listener;
  }

  close(): void {
    this.isOpen = false;
  }

  redraw(): void {}
  onPaste(): void {}
  onResize(): void {}
  onLost(): void {}
  suspend(): void {}
}

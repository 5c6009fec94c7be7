/** A grid of cells for drawing lines: braille dots, 2 by 4 per cell, or ASCII characters. */
import { widthOf } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';

/** The dots of a braille cell by column and row, in Unicode order. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

const BRAILLE = 0x2800;

/** One cell: dots or a text of one column; initially empty. */
interface Cell {
  dots: number;
  text: string;
  role: Role;
  /** The line whose dots are on top. */
  owner: number;
}

/** Cells of one column each. Later drawings are on top. */
export class Canvas {
  readonly size: Size;
  /** Width and height of the canvas in dots. */
  readonly across: number;
  readonly down: number;
  readonly #cells: Cell[];
  readonly #unicode: boolean;

  constructor(size: Size, unicode: boolean) {
    this.size = size;
    this.#unicode = unicode;
    this.across = size.width * (unicode ? 2 : 1);
    this.down = size.height * (unicode ? 4 : 1);
    this.#cells = Array.from({ length: size.width * size.height }, () => ({
      dots: 0,
      text: '',
      role: 'plain',
      owner: -1,
    }));
  }

  /** Sets one dot; without Unicode the cell shows the letter. */
  dot(x: number, y: number, letter: string, role: Role, owner: number): void {
    const [wide, high] = this.#unicode ? [2, 4] : [1, 1];
    const cell = this.#at(Math.floor(x / wide), Math.floor(y / high));
    if (cell === undefined) return;
    if (this.#unicode) cell.dots |= DOTS[x % 2 === 0 ? 0 : 1][(y % 4) as 0 | 1 | 2 | 3];
    else cell.text = letter;
    cell.role = role;
    cell.owner = owner;
  }

  /** The line that is on top in a cell; -1 if none. */
  ownerAt(column: number, row: number): number {
    return this.#at(column, row)?.owner ?? -1;
  }

  /** Overwrites existing contents. */
  write(column: number, row: number, text: string, role: Role): void {
    for (const [index, character] of Array.from(text).entries()) {
      const cell = this.#at(column + index, row);
      if (cell === undefined) return;
      cell.text = character;
      cell.role = role;
    }
  }

  /** Whether these cells are empty. */
  isFree(column: number, row: number, width: number): boolean {
    for (let index = 0; index < width; index += 1) {
      const cell = this.#at(column + index, row);
      if (cell === undefined || cell.dots !== 0 || cell.text !== '') return false;
    }
    return true;
  }

  /** The row as spans, with the width of the canvas. */
  line(row: number): Line {
    const spans: Span[] = [];
    let text = '';
    let role: Role = 'plain';
    for (let column = 0; column < this.size.width; column += 1) {
      const cell = this.#at(column, row);
      const shown = cell === undefined ? ' ' : this.#show(cell);
      const ownRole: Role = shown === ' ' ? role : (cell?.role ?? 'plain');
      if (ownRole !== role && text !== '') {
        spans.push({ text, style: role });
        text = '';
      }
      role = ownRole;
      text += shown;
    }
    if (widthOf(text) > 0) spans.push({ text, style: role });
    return spans;
  }

  #show({ text, dots }: Cell): string {
    if (text !== '') return text;
    return dots === 0 ? ' ' : String.fromCharCode(BRAILLE + dots);
  }

  #at(column: number, row: number): Cell | undefined {
    if (column < 0 || column >= this.size.width || row < 0) return undefined;
    return this.#cells[row * this.size.width + column];
  }
}

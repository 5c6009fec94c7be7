/**
 * Lines of a recording as differences to earlier ones. Consecutive samples differ in a few numbers, and so do
 * the readings of one map or process; text that differs otherwise is kept as it is. What is restored is equal
 * to the last character.
 */

/** A part of a line starts at each object with one of these; the part before the first is its head. */
const PART = /\{"(?:p?id)":/g;
const HEAD_KEY_LENGTH = 14;
/** Between the parts of a line: nothing, or a comma. */
const NOTHING = '\t';
const COMMA = '\v';
/** The end of a list at the end of a line; without it, its last part is like the others. */
const LIST_END = ']}';
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none of them
const CONTROL = /[\u0000-\u001f]/;
/** Parts that are remembered, on both sides. */
const MAX_PARTS = 50_000;

/** The last text of each part, by its key; both sides number the keys in the same order. */
class Parts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  numberOf(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  textOf(number: number): string {
    const text = this.#texts[number];
    if (text === undefined) throw new RangeError('refers to a part that was not there before');
    return text;
  }

  remember(text: string): void {
    const key = keyOf(text);
    const number = this.#numbers.get(key);
    if (number !== undefined) this.#texts[number] = text;
    else if (this.#texts.length < MAX_PARTS) {
      this.#numbers.set(key, this.#texts.length);
      this.#texts.push(text);
    }
  }
}

/** Fields that only some samples have: those with the same ones differ in numbers alone. */
const RARE = ['"bpf":{', '"bytes":{"'];

/** What parts of the same thing begin with: the id, and the name of the field after it. */
function keyOf(text: string): string {
  if (!text.startsWith('{"id":') && !text.startsWith('{"pid":')) {
    return RARE.reduce(
      (key, field) => `${key}${Number(text.includes(field))}`,
      text.slice(0, HEAD_KEY_LENGTH),
    );
  }
  const colon = text.indexOf(':', 7);
  return colon < 0 ? text : text.slice(0, colon);
}

/** The parts of a line, each with the separator before it. */
function splitLine(line: string): { part: string; separator: string }[] {
  const parts: { part: string; separator: string }[] = [];
  let start = 0;
  let separator = '';
  for (const { index } of line.matchAll(PART)) {
    const hasComma = index > 0 && line.charCodeAt(index - 1) === 44;
    if (index > start) parts.push({ part: line.slice(start, hasComma ? index - 1 : index), separator });
    separator = index === 0 ? '' : hasComma ? COMMA : NOTHING;
    start = index;
  }
  if (start === 0 || !line.endsWith(LIST_END)) return [...parts, { part: line.slice(start), separator }];
  parts.push({ part: line.slice(start, -LIST_END.length), separator });
  return [...parts, { part: LIST_END, separator: NOTHING }];
}

/** Encodes lines one by one. */
export class LineEncoder {
  readonly #parts = new Parts();

  /** The line in a form without line ends, for {@link LineDecoder}. */
  encode(line: string): string {
    if (CONTROL.test(line)) return `!${JSON.stringify(line)}`;
    let encoded = '';
    for (const { part, separator } of splitLine(line)) {
      const number = this.#parts.numberOf(keyOf(part));
      const differences =
        number === undefined ? undefined : findDifferences(part, this.#parts.textOf(number));
      encoded += `${separator}${differences === undefined ? `"${part}` : `${number}:${differences}`}`;
      this.#parts.remember(part);
    }
    return encoded;
  }
}

/** Restores lines in the order in which they were encoded. */
export class LineDecoder {
  readonly #parts = new Parts();

  /** @throws RangeError or SyntaxError if the text was not encoded by {@link LineEncoder}. */
  decode(encoded: string): string {
    if (encoded.startsWith('!')) return String(JSON.parse(encoded.slice(1)));
    let line = '';
    // Every second one is a separator.
    for (const [index, each] of encoded.split(/([\t\v])/).entries()) {
      if (index % 2 === 1) {
        if (each === COMMA) line += ',';
        continue;
      }
      const colon = each.indexOf(':');
      const part = each.startsWith('"')
        ? each.slice(1)
        : applyDifferences(this.#parts.textOf(Number(each.slice(0, colon))), each.slice(colon + 1));
      this.#parts.remember(part);
      line += part;
    }
    return line;
  }
}

/** Digits, points and minus signs: numbers, and pieces of text that are treated like them. */
function isNumeric(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || unit === 45 || unit === 46;
}

function endOfRun(text: string, start: number): number {
  let end = start;
  while (end < text.length && isNumeric(text.charCodeAt(end))) end += 1;
  return end;
}

/** The numbers that differ, as `SKIPPED OPERATION`, with commas; undefined if other text differs. */
function findDifferences(text: string, before: string): string | undefined {
  let [at, was, skipped] = [0, 0, 0];
  let found = '';
  while (at < text.length && was < before.length) {
    const unit = text.charCodeAt(at);
    const isNumber = isNumeric(unit);
    if (!isNumber) {
      if (unit !== before.charCodeAt(was)) return undefined;
      at += 1;
      was += 1;
      continue;
    }
    if (!isNumeric(before.charCodeAt(was))) return undefined;
    const [end, wasEnd] = [endOfRun(text, at), endOfRun(before, was)];
    const [now, then] = [text.slice(at, end), before.slice(was, wasEnd)];
    if (now === then) skipped += 1;
    else {
      found += `${found === '' ? '' : ','}${skipped === 0 ? '' : skipped}${differenceOf(now, then)}`;
      skipped = 0;
    }
    at = end;
    was = wasEnd;
  }
  return at === text.length && was === before.length ? found : undefined;
}

/** `p12` and `m12` add and subtract integers, `P` and `M` thousandths; `=TEXT` replaces. */
function differenceOf(now: string, then: string): string {
  for (const [scale, plus, minus] of [
    [1, 'p', 'm'],
    [1000, 'P', 'M'],
  ] as const) {
    const difference = Math.round(Number(now) * scale) - Math.round(Number(then) * scale);
    if (Number.isSafeInteger(difference) && add(then, difference, scale) === now) {
      return difference < 0 ? `${minus}${-difference}` : `${plus}${difference}`;
    }
  }
  return `=${now}`;
}

function add(then: string, difference: number, scale: number): string {
  return String((Math.round(Number(then) * scale) + difference) / scale);
}

function applyDifferences(before: string, differences: string): string {
  if (differences === '') return before;
  let text = '';
  let at = 0;
  for (const each of differences.split(',')) {
    const [, skipped = '', operation = '', value = ''] = /^(\d*)([pmPM=])(.*)$/.exec(each) ?? [];
    let left = Number(skipped);
    let start = at;
    for (;;) {
      while (start < before.length && !isNumeric(before.charCodeAt(start))) start += 1;
      if (start >= before.length) throw new RangeError('refers to a number that was not there before');
      if (left === 0) break;
      left -= 1;
      start = endOfRun(before, start);
    }
    const end = endOfRun(before, start);
    text += before.slice(at, start) + changed(before.slice(start, end), operation, value);
    at = end;
  }
  return text + before.slice(at);
}

function changed(then: string, operation: string, value: string): string {
  if (operation === '=') return value;
  const scale = operation === 'P' || operation === 'M' ? 1000 : 1;
  return add(then, operation === 'm' || operation === 'M' ? -Number(value) : Number(value), scale);
}

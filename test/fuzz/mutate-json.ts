/** Random changes of JSON documents that leave them JSON, mostly. */
import { hostileText, mutateText } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** Part of a document as it is written: an object may have a key twice, and `__proto__` as any other. */
type Part = string | number | boolean | null | Raw | Part[] | Members;

/** Text that stands in the document as it is: numbers beyond a double, or brackets too deep for recursion. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

class Members {
  readonly list: readonly (readonly [key: string, value: Part])[];
  constructor(list: Members['list']) {
    this.list = list;
  }
}

/** Names with a meaning for JavaScript. */
const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'toJSON',
  'length',
  '',
  '0',
];

const HOSTILE_PARTS: readonly Part[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e300,
  2 ** 53,
  [],
  [null],
  [[]],
  ...[
    '1e400',
    '-1e400',
    '-0',
    '1e-400',
    '{}',
    '{"toString":1}',
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"toJSON":"x","valueOf":1}',
    '{"length":4294967295}',
  ].map((text) => new Raw(text)),
];

/** The text of a document after some changes; one in twenty is damaged as text, too. */
export function mutateJson(random: Random, document: unknown): string {
  let changed = partOf(document);
  for (let left = random.between(1, 3); left > 0; left -= 1) changed = change(random, changed);
  const text = format(changed);
  return random.chance(0.05) ? mutateText(random, text) : text;
}

function partOf(value: unknown): Part {
  if (Array.isArray(value)) return value.map(partOf);
  if (typeof value !== 'object' || value === null) return value as Part;
  return new Members(Object.entries(value).map(([key, inner]) => [key, partOf(inner)]));
}

/** Goes down a random path and changes what is there. */
function change(random: Random, part: Part): Part {
  if (random.chance(0.06)) return replace(random, part);
  if (Array.isArray(part) && part.length > 0) return changeList(random, part);
  if (part instanceof Members && part.list.length > 0) return changeMembers(random, part.list);
  return replace(random, part);
}

function changeMembers(random: Random, members: Members['list']): Part {
  const list = [...members];
  const at = random.below(list.length);
  const [key, value] = list[at] ?? ['', null];
  switch (random.below(12)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list[at] = [random.pick([...HOSTILE_KEYS, hostileText(random)]), value];
      break;
    case 2:
      list.push([random.pick([...HOSTILE_KEYS, key]), hostilePart(random)]);
      break;
    default:
      list[at] = [key, change(random, value)];
  }
  return new Members(list);
}

function changeList(random: Random, items: readonly Part[]): Part {
  const list = [...items];
  const at = random.below(list.length);
  const item = list[at] ?? null;
  switch (random.below(10)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(random.below(list.length), 0, item);
      break;
    case 2:
      if (random.chance(0.05)) list.push(...Array.from({ length: random.pick([20, 500]) }, () => item));
      break;
    default:
      list[at] = change(random, item);
  }
  return list;
}

function replace(random: Random, part: Part): Part {
  if (typeof part === 'string' && random.chance(0.6)) {
    return random.chance(0.5) ? hostileText(random) : mutateText(random, part);
  }
  if (typeof part === 'number' && random.chance(0.5)) {
    return random.pick<Part>([-part, part + 0.5, part * 1e6, part - 1, new Raw('1e400'), String(part)]);
  }
  return hostilePart(random);
}

function hostilePart(random: Random): Part {
  if (random.chance(0.2)) return hostileText(random);
  if (random.chance(0.03)) return nested(random.pick([100, 5000, 100_000]), random.chance(0.5));
  if (random.chance(0.01)) return Array.from({ length: 50_000 }, () => 0);
  return random.pick(HOSTILE_PARTS);
}

function nested(depth: number, isList: boolean): Raw {
  const [open, close] = isList ? ['[', ']'] : ['{"a":', '}'];
  return new Raw(`${open.repeat(depth)}0${close.repeat(depth)}`);
}

function format(part: Part): string {
  if (part instanceof Raw) return part.text;
  if (Array.isArray(part)) return `[${part.map(format).join(',')}]`;
  if (!(part instanceof Members)) return JSON.stringify(part);
  return `{${part.list.map(([key, value]) => `${JSON.stringify(key)}:${format(value)}`).join(',')}}`;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackedBar } from '#src/view/chart/bars.ts';
import { textOf, widthOf } from '#src/view/text/cells.ts';
import type { Role } from '#src/view/text/line.ts';

const part = (name: string, letter: string, bytes: number) => ({ name, letter, role: 'anon' as Role, bytes });

describe('a stacked bar', () => {
  it('gives every part its share, labelled by its name or its letter', () => {
    const parts = [part('anon', 'a', 60), part('file', 'f', 30), part('slab', 's', 10)];
    expect(textOf(stackedBar(parts, 20, false))).toBe('aaa anon aaaffffffss');
    expect(textOf(stackedBar(parts, 30, false))).toBe('aaa anon aaaaaaaaaff file fsss');
  });

  it('omits parts of 0 or less', () => {
    const parts = [part('anon', 'a', -5), part('file', 'f', 0), part('slab', 's', 1)];
    expect(textOf(stackedBar(parts, 4, false))).toBe('ssss');
    expect(textOf(stackedBar([], 4, true))).toBe('    ');
  });

  it('distinguishes neighbours without colours', () => {
    const parts = [part('anon', 'a', 50), part('file', 'f', 50)];
    expect(textOf(stackedBar(parts, 10, true))).toBe('a████f▒▒▒▒');
  });

  it('always has the required width', () => {
    const parts = fc.array(fc.tuple(fc.constantFrom('anon', 'x'), fc.integer({ min: -9, max: 2 ** 40 })));
    fc.assert(
      fc.property(parts, fc.nat({ max: 200 }), fc.boolean(), (sizes, width, unicode) => {
        const bar = stackedBar(
          sizes.map(([name, bytes]) => part(name, name.slice(0, 1), bytes)),
          width,
          unicode,
        );
        expect(widthOf(textOf(bar))).toBe(width);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearestBasic, nearestIndexed, type Rgb, rgbOf } from '#src/view/terminal/colours.ts';
import { type ColourDepth, colourDepth, encodeLine, sgr, styleOf } from '#src/view/terminal/palette.ts';
import type { Line, Role, TextStyle } from '#src/view/text/line.ts';
import { TerminalText } from '#src/view/text/terminal-text.ts';

const ROLES: readonly Role[] = [
  ...(['plain', 'dim', 'strong', 'title', 'focused-title', 'border', 'focused-border'] as const),
  ...(['selected', 'key', 'good', 'warning', 'bad', 'anon', 'file', 'kernel', 'bpf-maps'] as const),
  ...(['bpf-programs', 'slab', 'pagetables', 'kernel_stack', 'sock', 'percpu'] as const),
  ...(['unexplained', 'current'] as const),
];
const DEPTHS: readonly ColourDepth[] = ['none', 8, 16, 256, 'true'];

describe('how many colours a terminal has', () => {
  test.each([
    [{}, 'none'],
    [{ TERM: '' }, 'none'],
    [{ TERM: 'dumb', COLORTERM: 'truecolor' }, 'none'],
    [{ TERM: 'vt100' }, 'none'],
    [{ TERM: 'vt220', COLORTERM: '24bit' }, 'none'],
    [{ TERM: 'xterm-mono' }, 'none'],
    [{ TERM: 'xterm' }, 8],
    [{ TERM: 'screen' }, 8],
    [{ TERM: 'linux' }, 16],
    [{ TERM: 'xterm-16color' }, 16],
    [{ TERM: 'xterm-256color' }, 256],
    [{ TERM: 'screen-256color-bce' }, 256],
    [{ TERM: 'tmux-256color' }, 256],
    [{ TERM: 'tmux-256color', COLORTERM: 'truecolor' }, 'true'],
    [{ TERM: 'xterm', COLORTERM: '24bit' }, 'true'],
    [{ TERM: 'xterm', COLORTERM: 'yes' }, 8],
    [{ TERM: 'xterm-direct' }, 'true'],
    [{ TERM: 'alacritty' }, 'true'],
    [{ TERM: 'foot' }, 'true'],
    [{ TERM: 'xterm-kitty' }, 'true'],
    // GNU screen passes on the outer terminal's variable; tmux sets its own.
    [{ TERM: 'screen-256color', COLORTERM: 'truecolor' }, 256],
    [{ TERM: 'screen-256color', COLORTERM: 'truecolor', TMUX: '/tmp/tmux-0/default,1,0' }, 'true'],
    [{ TERM: 'xterm-256color', NO_COLOR: '1' }, 'none'],
    [{ TERM: 'xterm-256color', NO_COLOR: '' }, 256],
  ] as const)('%j: %s', (env, depth) => {
    expect(colourDepth(env)).toBe(depth);
  });

  test('a stream that is not a terminal has none', () => {
    expect(colourDepth({ TERM: 'xterm-256color' }, false)).toBe('none');
  });
});

function luminance(rgb: Rgb): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('roles', () => {
  test.each(ROLES)('%s is readable on black and on white, in 256 colours too', (role) => {
    for (const fg of [styleOf(role, 'true').fg, nearest256(styleOf(role, 'true'))]) {
      if (fg === undefined) continue;
      const light = luminance(rgbOf(fg));
      expect((light + 0.05) / 0.05).toBeGreaterThanOrEqual(3);
      expect(1.05 / (light + 0.05)).toBeGreaterThanOrEqual(2.8);
    }
  });

  test.each(ROLES)('%s has no colour on terminals without colours', (role) => {
    expect(styleOf(role, 'none')).not.toHaveProperty('fg');
    expect(styleOf(role, 'none')).not.toHaveProperty('bg');
  });

  test('roles are distinguishable without colours too', () => {
    for (const depth of DEPTHS) {
      const looks = (['plain', 'dim', 'strong', 'selected', 'key', 'bad'] as const).map((role) =>
        JSON.stringify(styleOf(role, depth)),
      );
      expect(new Set(looks).size).toBeGreaterThanOrEqual(5);
    }
  });

  test('anon, file and kernel differ with any number of colours', () => {
    for (const depth of [8, 16, 256, 'true'] as const) {
      const codes = (['anon', 'file', 'kernel', 'bpf-maps', 'slab'] as const).map((role) =>
        sgr(styleOf(role, depth), depth),
      );
      expect(new Set(codes).size).toBe(5);
    }
  });
});

function nearest256({ fg }: TextStyle): number | undefined {
  return fg === undefined || typeof fg === 'number' ? fg : nearestIndexed(fg);
}

describe('styles as sequences', () => {
  test.each([
    [{}, 'true', ''],
    [{ bold: true }, 'none', '\x1b[1m'],
    [{ bold: true, fg: 1, bg: [1, 2, 3] }, 'none', '\x1b[1m'],
    [{ fg: [1, 2, 3], bg: [4, 5, 6] }, 'true', '\x1b[38;2;1;2;3;48;2;4;5;6m'],
    [{ fg: 1 }, 'true', '\x1b[31m'],
    [{ fg: 9, bg: 15 }, 256, '\x1b[91;107m'],
    [{ fg: 200 }, 'true', '\x1b[38;5;200m'],
    [{ fg: [255, 0, 0] }, 256, '\x1b[38;5;196m'],
    [{ fg: [128, 128, 128] }, 256, '\x1b[38;5;244m'],
    [{ fg: [255, 10, 10] }, 16, '\x1b[91m'],
    [{ fg: 196 }, 8, '\x1b[31m'],
    [{ fg: 15, bg: 8 }, 8, '\x1b[37;47m'],
    [{ fg: 12 }, 8, '\x1b[34m'],
    [{ dim: true, italic: true, underline: true, inverse: true }, 8, '\x1b[2;3;4;7m'],
  ] as const)('%j at %s', (style, depth, expected) => {
    expect(sgr(style, depth)).toBe(expected);
  });

  test('a colour of the palette is nearest to itself', () => {
    for (let index = 16; index < 256; index += 1) {
      expect(rgbOf(nearestIndexed(rgbOf(index)))).toEqual(rgbOf(index));
    }
    for (let index = 0; index < 16; index += 1) expect(nearestBasic(rgbOf(index), 16)).toBe(index);
  });
});

describe('lines as bytes', () => {
  test('write only changes, and leave nothing switched on at the end', () => {
    const line: Line = [
      { text: 'a' },
      { text: 'b', style: 'strong' },
      { text: 'c', style: { bold: true, fg: 1 } },
      { text: 'd', style: { bold: true, fg: 2 } },
      { text: 'e', style: { fg: 2 } },
      { text: 'f', style: { fg: 2 } },
      { text: '', style: 'bad' },
      { text: 'g', style: 'plain' },
    ];
    expect(encodeLine(line, 8)).toBe('a\x1b[1mb\x1b[31mc\x1b[32md\x1b[0;32mef\x1b[39mg');
    expect(encodeLine([{ text: 'x', style: 'selected' }], 'none')).toBe('\x1b[7mx\x1b[0m');
    expect(encodeLine([], 'true')).toBe('');
  });

  test('contain no control characters', () => {
    expect(encodeLine([{ text: 'a\x1b[2Jb\n\x9bc\x7f' }], 8)).toBe('a?[2Jb??c?');
  });

  test('are ASCII without UTF-8, in the same number of columns', () => {
    expect(encodeLine([{ text: 'né e\u0301 全 👩‍🚀 │' }], 8, false)).toBe('n? ? ?? ?? ?');
  });

  test('have the same meaning to a terminal', () => {
    const colour = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.tuple(
        ...([0, 1, 2].map(() => fc.integer({ min: 0, max: 255 })) as [
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
          fc.Arbitrary<number>,
        ]),
      ),
    );
    const flag = fc.constant(true);
    const style: fc.Arbitrary<TextStyle> = fc.record(
      { fg: colour, bg: colour, bold: flag, dim: flag, italic: flag, underline: flag, inverse: flag },
      { requiredKeys: [] },
    );
    const spans = fc.array(fc.record({ text: fc.constantFrom('a', 'bc', 'xyz'), style }), { maxLength: 6 });
    fc.assert(
      fc.property(spans, (line) => {
        const terminal = new TerminalText();
        const shown = terminal.push(Buffer.from(`${encodeLine(line, 'true')}\n`));
        const cells = (spansOf: Line) =>
          spansOf.flatMap((span) =>
            [...span.text].map((character) => ({
              character,
              ...(typeof span.style === 'object' ? span.style : {}),
            })),
          );
        expect(cells(shown[0] ?? [])).toEqual(cells(line));
      }),
    );
  });
});

test.each([8, 16, 256, 'true'] as const)(
  'with %s colours, the focus has none, unlike the figures',
  (depth) => {
    for (const role of ['focused-border', 'focused-title', 'selected'] as const)
      expect(styleOf(role, depth).fg).toBeUndefined();
    for (const role of ['anon', 'file', 'kernel', 'bpf-maps'] as const)
      expect(styleOf(role, depth).fg).toBeDefined();
  },
);

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { malformed, parseCounter } from '#src/kernel/number.ts';

describe('parseCounter', () => {
  it('reads every number that a double represents exactly', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(parseCounter(String(value), 'f')).toBe(value);
      }),
    );
  });

  it('accepts 2^53 - 1', () => {
    expect(parseCounter('9007199254740991', 'f')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each(['9007199254740992', '9007199254740993', '18446744073709551615'])(
    'rejects %s, which a double would round or cannot distinguish from its neighbour',
    (text) => {
      expect(() => parseCounter(text, 'memory.stat', 3)).toThrow(
        `memory.stat, line 3: ${text} is above 2^53`,
      );
    },
  );

  it.each(['', ' ', '-1', '+1', '1.5', '1e3', '0x10', '12 ', ' 12', '12\n', 'max', '١٢', 'NaN'])(
    'rejects %o as not a whole number',
    (text) => {
      expect(() => parseCounter(text, 'memory.stat', 3)).toThrow(KernelFileError);
    },
  );

  it('never returns anything but a safe integer', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,30}$/)), (text) => {
        try {
          expect(Number.isSafeInteger(parseCounter(text, 'f'))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(KernelFileError);
        }
      }),
    );
  });
});

describe('malformed', () => {
  it('reports the file and the line', () => {
    expect(malformed('/f', 7, 'what')).toMatchObject({
      code: 'KERNEL_FILE',
      operation: 'parse',
      path: '/f',
      line: 7,
      errno: undefined,
      message: '/f, line 7: what',
    });
  });

  it('reports only the file without a line', () => {
    expect(malformed('/f', undefined, 'what').message).toBe('/f: what');
  });
});

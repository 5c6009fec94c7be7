import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUnitName, unescapeUnitName } from '#src/cgroup/names/unit-name.ts';

/** As systemd-escape(1) without --path does, but for `/`. */
function escapeUnitName(name: string): string {
  return Array.from(Buffer.from(name, 'utf8'), (byte, index) => {
    const character = String.fromCharCode(byte);
    const isPlain = /[A-Za-z0-9:_.]/.test(character) && !(index === 0 && character === '.');
    return isPlain ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

describe('names of units', () => {
  it('are those with a type that has a cgroup', () => {
    expect(parseUnitName('nginx.service')).toEqual({
      unit: 'nginx.service',
      type: 'service',
      prefix: 'nginx',
    });
    expect(parseUnitName('x.timer')).toBeUndefined();
    expect(parseUnitName('a b.service')).toBeUndefined();
    expect(parseUnitName(`${'a'.repeat(260)}.service`)).toBeUndefined();
    expect(parseUnitName('.service')).toBeUndefined();
  });

  it('have an instance, decoded', () => {
    expect(parseUnitName('getty@tty\\x2d1.service')?.instance).toBe('tty-1');
  });

  it('lose the underscore that systemd adds to names of the kernel', () => {
    expect(parseUnitName('_memory.service')?.unit).toBe('memory.service');
  });

  it('keep escapes of bytes that are not UTF-8', () => {
    expect(unescapeUnitName('a\\xff\\xfeb')).toBe('a\\xff\\xfeb');
    expect(unescapeUnitName('a\\xc3\\xa4b-c')).toBe('aäb-c');
  });

  it('give back every text that was escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(unescapeUnitName(escapeUnitName(text))).toBe(text);
      }),
    );
  });
});

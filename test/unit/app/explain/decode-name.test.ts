import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeName } from '#src/app/explain/decode-name.ts';

const byteString = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

it.each(['plain', 'café', '日本', '😀', 'a\u0000b', '\ufffd'])('decodes UTF-8: %j', (text) => {
  expect(decodeName(byteString(text))).toBe(text);
});

it('shows bytes that are not UTF-8 as escapes', () => {
  expect(decodeName('caf\xe9.txt')).toBe('caf\\xe9.txt');
  expect(decodeName(`${byteString('é')}\xff`)).toBe('é\\xff');
  expect(decodeName('\xed\xa0\x80')).toBe('\\xed\\xa0\\x80');
  expect(decodeName('\xc0\xaf')).toBe('\\xc0\\xaf');
});

it('never loses a byte, whatever the name', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const name = Buffer.from(bytes).toString('latin1').replaceAll('\\', '/');
      const shown = decodeName(name);
      const back = Buffer.concat(
        shown
          .split(/(\\x[0-9a-f]{2})/)
          .map((part) =>
            /^\\x[0-9a-f]{2}$/.test(part)
              ? Buffer.from([Number.parseInt(part.slice(2), 16)])
              : Buffer.from(part),
          ),
      );
      expect(back.toString('latin1')).toBe(name);
    }),
  );
});

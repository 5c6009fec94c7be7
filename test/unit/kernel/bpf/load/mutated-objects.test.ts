import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ToolError } from '#src/errors.ts';
import { parseObject } from '#src/kernel/bpf/elf/object-specification.ts';
import { prepareObject } from '#src/kernel/bpf/load/prepare-object.ts';
import {
  decodePreparedObject,
  encodePreparedObject,
  isEncodedObject,
} from '#src/kernel/bpf/load/prepared-object.ts';
import { capturedTypes } from '../../../../captured-types.ts';
import { fixture } from '../../../../paths.ts';

const kernels = { el: capturedTypes('6.12'), eb: capturedTypes('s390x') };
const config = { version: 0x060c00, options: new Map([['CONFIG_HZ', '250']]) };

it.each(
  ['callbacks', 'core-kernel', 'kconfig', 'kernel-symbols', 'unmet'].flatMap((name) => [
    [name, 'el'] as const,
    [name, 'eb'] as const,
  ]),
)('prepares or rejects %s for %s with a ToolError, for any change of its bytes', (name, order) => {
  const sound = readFileSync(fixture(`bpf/${name}.bpf${order}.o`));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.option(fc.nat(sound.length), { freq: 10 }),
      (changes, end) => {
        const bytes = Buffer.from(sound);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          prepareObject(
            parseObject(bytes.subarray(0, end ?? bytes.length), 'mutated.o'),
            kernels[order],
            config,
          );
        } catch (error) {
          if (!(error instanceof ToolError)) throw error;
        }
      },
    ),
    { numRuns: 150 },
  );
});

it('survives JSON unchanged', () => {
  const object = parseObject(readFileSync(fixture('bpf/callbacks.bpfel.o')), 'callbacks.o');
  const prepared = prepareObject(object, kernels.el);
  expect(decodePreparedObject(JSON.parse(JSON.stringify(encodePreparedObject(prepared))))).toEqual(prepared);
});

it('is not an encoded object if it is nested so deeply that decoding it would exceed the stack', () => {
  const object = parseObject(readFileSync(fixture('bpf/callbacks.bpfel.o')), 'callbacks.o');
  const sound = JSON.stringify(encodePreparedObject(prepareObject(object, kernels.el)));
  expect(isEncodedObject(JSON.parse(sound), 'callbacks.o')).toBe(true);
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  for (const crafted of [
    sound.replace('{', `{"more":${deep},`),
    sound.replace('"maps":[', `"maps":[${deep},`),
    sound.replace('"maps":[', `"maps":[${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)},`),
  ]) {
    expect(isEncodedObject(JSON.parse(crafted), 'callbacks.o')).toBe(false);
  }
});

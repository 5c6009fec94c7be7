import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseOverlayLayers } from '#src/kernel/procfs/overlay-layers.ts';

test.each([
  [
    'those of docker',
    'rw,lowerdir=/d/l/A:/d/l/B,upperdir=/d/ID/diff,workdir=/d/ID/work',
    { upper: '/d/ID/diff', lower: ['/d/l/A', '/d/l/B'] },
  ],
  ['a read-only overlay', 'ro,lowerdir=/a:/b', { lower: ['/a', '/b'] }],
  ['relative paths', 'rw,lowerdir=l/A,upperdir=ID/diff', { upper: 'ID/diff', lower: ['l/A'] }],
  ['layers that hold only data', 'ro,lowerdir=/a::/data', { lower: ['/a', '/data'] }],
  ['one option a layer', 'ro,lowerdir+=/a,lowerdir+=/b:c,datadir+=/d', { lower: ['/a', '/b:c', '/d'] }],
  ['a colon before Linux 6.5', 'ro,lowerdir=/a\\134:b:/c', { lower: ['/a:b', '/c'] }],
  ['a colon since Linux 6.5', 'ro,lowerdir=/a\\072b:/c', { lower: ['/a:b', '/c'] }],
  ['blanks and commas', 'ro,lowerdir=/a\\040b\\054c,upperdir=/u\\134', { upper: '/u\\', lower: ['/a b,c'] }],
  ['none', 'rw,relatime', { lower: [] }],
])('reads %s', (_, options, expected) => {
  expect(parseOverlayLayers(options.split(','))).toEqual(expected);
});

test('any path survives the escapes of Linux 6.5', () => {
  const escapePath = (path: string) =>
    path.replace(/[:, \t\n\\]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);
  const path = fc.string({ unit: fc.constantFrom(...':, \t\n\\01\xff/a'), minLength: 1 });
  fc.assert(
    fc.property(fc.array(path, { minLength: 1 }), path, (lower, upper) => {
      const options = `rw,lowerdir=${lower.map(escapePath).join(':')},upperdir=${escapePath(upper)}`;
      // A backslash before a colon is how older kernels write a colon.
      fc.pre(!options.includes('\\134:'));
      expect(parseOverlayLayers(options.split(','))).toEqual({ upper, lower });
    }),
  );
});

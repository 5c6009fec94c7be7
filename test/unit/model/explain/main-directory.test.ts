import { expect, it } from 'vitest';
import { directoryOf, mainDirectory } from '#src/model/explain/main-directory.ts';

it('is the deepest with more than half of the bytes', () => {
  const files = [
    { directory: '/srv/mail/a', bytes: 30 },
    { directory: '/srv/mail/b', bytes: 30 },
    { directory: '/var/log', bytes: 10 },
    { directory: undefined, bytes: 40 },
  ];
  expect(mainDirectory(files)).toBe('/srv/mail');
  expect(mainDirectory([...files, { directory: '/usr', bytes: 10 }])).toBeUndefined();
  expect(mainDirectory([])).toBeUndefined();
});

it('of a path, is what is before its name', () => {
  expect(directoryOf('/srv/mail/a')).toBe('/srv/mail');
  expect(directoryOf('/vmlinuz')).toBeUndefined();
  expect(directoryOf(undefined)).toBeUndefined();
});

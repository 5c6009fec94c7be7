import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isAtLeast, parseKernelRelease, readKernelRelease } from '#src/kernel/kernel-release.ts';
import { capturedKernels } from '../captured-kernels.ts';

describe('parseKernelRelease', () => {
  it.each([
    ['6.12.94+deb13-amd64', 6, 12],
    ['5.10.0-33-amd64', 5, 10],
    ['7.3-rc1', 7, 3],
    ['5.15.167.4-microsoft-standard-WSL2', 5, 15],
    ['4.18.0-553.el8_10.x86_64', 4, 18],
  ])('orders %s', (text, major, minor) => {
    expect(parseKernelRelease(text)).toEqual({ major, minor, text });
  });

  it.each(['', 'linux', '6', 'v6.1', '6.x'])('cannot parse %o', (text) => {
    expect(parseKernelRelease(text)).toBeUndefined();
  });

  it('parses the release of the running kernel', () => {
    expect(readKernelRelease()?.text).toBe(release());
  });

  it.each(capturedKernels(2))('parses the release that $name was captured on', (kernel) => {
    const captured = parseKernelRelease(kernel.read('proc/sys/kernel/osrelease').trimEnd());
    expect(`${captured?.major}.${captured?.minor}`).toBe(kernel.name);
  });
});

describe('isAtLeast', () => {
  it.each([
    [6, 1, 5, 19, true],
    [5, 19, 5, 19, true],
    [5, 18, 5, 19, false],
    [5, 9, 5, 10, false],
    [6, 0, 5, 19, true],
    [4, 20, 5, 2, false],
  ])('%i.%i is at least %i.%i: %o', (major, minor, sinceMajor, sinceMinor, answer) => {
    expect(isAtLeast({ major, minor, text: '' }, sinceMajor, sinceMinor)).toBe(answer);
  });
});

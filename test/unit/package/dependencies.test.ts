/** What the packages say that they consist of. */
import { expect, it } from 'vitest';
import { findDependencies } from '../../../build/package/dependencies.ts';

it('the packages consist of what npm installs and of what is bundled, also as text', () => {
  const names = findDependencies().map(({ name }) => name);
  for (const installed of ['blessed', 'commander', 'koffi', 'pidusage']) expect(names).toContain(installed);
  for (const bundled of ['bcryptjs', 'd3-shape', 'js-yaml', 'uplot']) expect(names).toContain(bundled);
  // Only the command of js-yaml imports it.
  expect(names).not.toContain('argparse');
  expect(names).toEqual(names.toSorted());
});

it('each of them has a version, a licence and a checksum', () => {
  for (const { version, license, integrity } of findDependencies()) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(license).toMatch(/^[\w.-]+$/);
    expect(integrity).toMatch(/^sha512-/);
  }
});

import { expect, it } from 'vitest';
import { ownScanParts } from '#src/app/explain/gather-kernel.ts';

it('names the memory of the scan in the cgroup of cmemstat, and only there', () => {
  const scan = { ownBytes: 10_000_000 };
  expect(ownScanParts(scan, true)).toMatchObject([
    { kind: 'bpf-map', name: 'maps of cmemstat', bytes: 10_000_000 },
  ]);
  expect(ownScanParts(scan, false)).toEqual([]);
});

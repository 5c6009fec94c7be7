import { expect, it } from 'vitest';
import { ownScanParts } from '#src/app/explain/gather-kernel.ts';

it('names the memory of the scan in the cgroup of cmemstat, and only there', () => {
  const scan = { ownBytes: 10_000_000 };
  expect(ownScanParts(scan, new Set([4n, 7n]), 7n)).toMatchObject([
    { kind: 'bpf-map', name: 'maps of cmemstat', bytes: 10_000_000 },
  ]);
  expect(ownScanParts(scan, new Set([4n]), 7n)).toEqual([]);
});

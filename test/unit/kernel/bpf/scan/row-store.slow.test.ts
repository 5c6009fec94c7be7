import { expect, it } from 'vitest';
import { ROW_KEY_SIZE, ROW_VALUE_SIZE, RowStore } from '#src/kernel/bpf/scan/row-store.ts';

const FILES = 10_000_000;
const PART = 16_384;
const MIB = 1024 * 1024;

it('keeps 10,000,000 files of one page, and large files among them, within 64 MiB', () => {
  const store = new RowStore(262_144, 'LE');
  const keys = new Uint32Array((PART * ROW_KEY_SIZE) / 4);
  const values = new Uint32Array((PART * ROW_VALUE_SIZE) / 4);
  for (let index = 0; index < PART; index++) {
    keys.set([0, 1, 0, 0xffff_8881, 3, 0], index * 6);
    values.set([0, 0, 1, 0, 0, 0, 0, 0, 0, 0], index * 10);
  }
  const large = new Map<number, number>();
  const before = process.memoryUsage().arrayBuffers;
  let [most, sum] = [0, 0];
  for (let first = 0; first < FILES; first += PART) {
    const count = Math.min(PART, FILES - first);
    for (let index = 0; index < count; index++) {
      const object = first + index;
      // 100 large files, each in 40 parts of 100 pages that are found at different times.
      const isLarge = object % 2500 === 0;
      const address = isLarge ? 1 + ((object / 2500) % 100) : 1_000_000 + object;
      const bytes = isLarge ? 409_600 : 4096;
      keys[index * 6 + 2] = address;
      values[index * 10] = bytes;
      sum += bytes;
      if (isLarge) large.set(address, (large.get(address) ?? 0) + bytes);
    }
    store.add(keys, values, count);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeLessThan(64 * MIB);
  expect(store.length).toBeLessThanOrEqual(262_144 + 1);
  expect(store.dropped).toBeGreaterThan(FILES - 300_000);

  let found = 0;
  const named = new Map<number, number>();
  for (let row = 0; row < store.length; row++) {
    found += store.bytesOf(row);
    if (!store.isRest(row)) named.set(store.objectOf(row)[0], store.bytesOf(row));
  }
  expect(found).toBe(sum);
  // None of them was ever among the smaller half.
  for (const [address, bytes] of large) expect(named.get(address)).toBe(bytes);
});

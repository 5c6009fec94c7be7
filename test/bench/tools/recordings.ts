/** Recordings to measure with. */
import { closeSync, openSync, writeSync } from 'node:fs';

const HOST = { kernel: '6.12', arch: 'x64', cpus: 2, possibleCpus: 2, pageSizeBytes: 4096, memTotalBytes: 1 };
const line = (record: object) => `${JSON.stringify(record)}\n`;

function writeStart(fd: number, intervalMs: number): void {
  const common = { version: 2, cmemstat: '0.1.0', time: '2026-01-01T00:00:00.000Z', command: ['agent'] };
  const place = { mode: 'cgroup2', placement: { kind: 'top', reason: 'bench' } };
  writeSync(fd, line({ type: 'start', ...common, ...place, pid: 1, intervalMs, host: HOST }));
}

/** A recording of this number of samples. */
export function writeSamples(file: string, samples: number): void {
  const fd = openSync(file, 'w');
  writeStart(fd, 10);
  let chunk = '';
  for (let index = 0; index < samples; index += 1) {
    const anon = 50_000_000 + ((index * 7919) % 1000) * 4096;
    const stat = { anon, file: 8192, kernel: 4096, slab: 4096, inactive_file: 4096 };
    chunk += line({ type: 'sample', elapsedMs: index * 10, reason: 'tick', current: anon + 12_288, stat });
    if (index % 1000 === 999) {
      writeSync(fd, chunk);
      chunk = '';
    }
  }
  writeSync(fd, chunk);
  closeSync(fd);
}

/** An agent with BPF maps: an hour with a sample each 100 ms, and a reading of the maps each second. */
export function writeHour(file: string, maps: number): void {
  const fd = openSync(file, 'w');
  writeStart(fd, 100);
  const random = generator(42);
  const sizes = Array.from({ length: maps }, (_, id) => 4096 * (1 + ((id * 37) % 500)));
  const elements = sizes.map((_, id) => 100 * (id % 90));
  let [anon, page, stall, slab] = [80e6, 30e6, 0, 3e6];
  for (let index = 0; index < 36_000; index += 1) {
    const elapsedMs = index * 100 + random(400) / 1000;
    // In two thirds of the samples a figure is as before.
    if (random(3) === 0) anon = Math.max(20e6, anon + 4096 * (random(101) - 50));
    if (random(3) === 0) slab = Math.max(2e6, slab + 4096 * (random(9) - 4));
    if (random(3) === 0) page += 4096 * random(9);
    if (random(9) === 0) stall += random(500);
    const kernel = 9e6 + slab + sizes.reduce((sum, size) => sum + size, 0);
    const stat = {
      ...{ anon, file: page, inactive_file: page - 8e6, shmem: 4096, slab, sock: 0 },
      ...{ kernel_stack: 1e6, pagetables: 1e6, percpu: 1e6, vmalloc: kernel - slab - 4e6 },
    };
    const current = anon + page + kernel;
    const isReading = index % 10 === 0;
    const charged = { maps: { count: maps, bytes: kernel - 12e6 }, programs: { count: 9, bytes: 65_536 } };
    const bpf = isReading ? { bpf: { attribution: 'memcg', charged } } : {};
    const pressure = { some: { avg10: 0, avg60: 0, avg300: 0, total: stall } };
    let text = line({
      type: 'sample',
      elapsedMs,
      reason: 'tick',
      current,
      workingset: anon + page / 4,
      kernel,
      stat,
      pressure,
      ...bpf,
    });
    if (isReading) {
      // One map of twenty has another number of entries than a second before, and one of these another size.
      const changed = sizes.flatMap((size, id) => {
        if (index > 0 && random(20) > 0) return [];
        if (random(20) === 0) sizes[id] = Math.max(4096, size + 4096 * (random(9) - 4));
        elements[id] = Math.max(0, Math.min(10_000, (elements[id] ?? 0) + random(41) - 20));
        return [mapOf(id, sizes[id] ?? 0, elements[id] ?? 0)];
      });
      text += line({ type: 'maps', elapsedMs, maps: changed });
    }
    writeSync(fd, text);
  }
  closeSync(fd);
}

function mapOf(id: number, bytes: number, elements: number): object {
  return {
    ...{ id: id + 1, type: id % 3 === 0 ? 'lru_hash' : 'hash', name: `agent_map_${id}` },
    ...{
      key_size: 16,
      value_size: 64,
      max_entries: 10_000,
      map_flags: 0,
      bytes,
      source: 'memlock',
      unchargedBytes: 0,
    },
    ...{ elements, holders: [{ pid: 1, comm: `agent-${id % 5}` }] },
  };
}

/** Whole numbers below a limit, the same in each run. Source: Park and Miller's minimal standard. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

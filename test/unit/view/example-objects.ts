/** The BPF maps and processes of the example run at any moment. */

import type { ProcessesRecord, ProcessRow } from '#src/model/recorded-processes.ts';
import type { LiveMap, MapsRecord } from '#src/model/recording.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const PAGE = 4096;

/** The names of the target's agents, including hostile ones. */
const HOSTILE_NAMES = ['日本語ワーカー', '🚀 launch', 'red\u001b[31m', 'tab\there', 'a\u0301ccent'];

/** A deterministic number from 0 to 1 that appears random. */
export function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

export function pages(bytes: number): number {
  return Math.round(bytes / PAGE) * PAGE;
}

const MAP_SHAPES: readonly Pick<LiveMap, 'name' | 'type' | 'key_size' | 'value_size' | 'max_entries'>[] = [
  { name: 'flow_table', type: 'lru_hash', key_size: 40, value_size: 64, max_entries: 65_536 },
  { name: 'events', type: 'ringbuf', key_size: 0, value_size: 0, max_entries: 4 * MIB },
  { name: 'percpu_counters', type: 'percpu_array', key_size: 4, value_size: 256, max_entries: 1024 },
  { name: 'conn_stats', type: 'percpu_hash', key_size: 16, value_size: 32, max_entries: 16_384 },
  { name: 'pid_filter', type: 'hash', key_size: 4, value_size: 8, max_entries: 8192 },
  { name: 'config', type: 'array', key_size: 4, value_size: 4096, max_entries: 1 },
  { name: 'stacks', type: 'stack_trace', key_size: 4, value_size: 1016, max_entries: 1024 },
  { name: '', type: 'array', key_size: 4, value_size: 64, max_entries: 8 },
];

export function mapsAt(elapsedMs: number): LiveMap[] {
  const maps: LiveMap[] = [];
  if (elapsedMs < 2000) return maps;
  const count = Math.min(24, 4 + Math.floor(elapsedMs / 8000));
  for (let index = 0; index < count; index += 1) {
    if (index === 5 && elapsedMs >= 200_000) continue;
    maps.push(mapAt(index, elapsedMs));
  }
  return maps;
}

function mapAt(index: number, elapsedMs: number): LiveMap {
  const shape = MAP_SHAPES[index % MAP_SHAPES.length] as (typeof MAP_SHAPES)[number];
  const hostile = HOSTILE_NAMES[index - 9];
  const isHash = shape.type.endsWith('hash');
  const elements = isHash
    ? Math.min(shape.max_entries, Math.floor((elapsedMs / 1000) * (3 + index * 5)))
    : undefined;
  const perCpu = shape.type === 'percpu_array';
  const entryBytes = shape.key_size + shape.value_size + 48;
  const fixed = shape.type === 'ringbuf' ? shape.max_entries / 2 : shape.max_entries * (entryBytes / 8);
  const grown = isHash ? (elements ?? 0) * entryBytes : 0;
  const bytes = pages((fixed + grown) / (1 + Math.floor(index / 8)) + PAGE);
  return {
    id: 100 + index * 3,
    type: shape.type,
    name: hostile ?? (index < 8 ? shape.name : `${shape.name || 'anon'}_${index}`),
    key_size: shape.key_size,
    value_size: shape.value_size,
    max_entries: shape.max_entries,
    map_flags: isHash && index % 2 === 0 ? 1 : 0,
    bytes: perCpu ? bytes + 1024 * 256 * 8 : bytes,
    source: 'memlock',
    unchargedBytes: perCpu ? 1024 * 256 * 8 : 0,
    ...(elements === undefined ? {} : { elements }),
    ...(shape.type === 'ringbuf' ? { backlogBytes: pages(noise(elapsedMs / 1000) * 200 * KIB) } : {}),
    ...(index % 7 === 6 ? { anonymous: true } : {}),
    ...(index % 5 === 3 ? { cgroup: 'workers' } : {}),
    ...(index === 4 ? { elsewhere: true as const } : {}),
    holders:
      index % 7 === 6 ? [] : [{ pid: 4711 + (index % 3), comm: index % 3 === 0 ? 'node' : 'bpf-loader' }],
    programs: [{ id: 900 + index, name: `prog_${index}` }],
  };
}

/** The rows that differ between two moments, as in the records. */
function changed<Row>(before: readonly Row[], now: readonly Row[], idOf: (row: Row) => number) {
  const old = new Map(before.map((row) => [idOf(row), JSON.stringify(row)]));
  const rows = now.filter((row) => old.get(idOf(row)) !== JSON.stringify(row));
  for (const row of now) old.delete(idOf(row));
  return { rows, gone: [...old.keys()] };
}

export function mapRecords(elapsedMs: number): MapsRecord[] {
  const { rows, gone } = changed(mapsAt(elapsedMs - 1000), mapsAt(elapsedMs), ({ id }) => id);
  if (rows.length === 0 && gone.length === 0) return [];
  return [{ type: 'maps', elapsedMs, maps: rows, ...(gone.length > 0 ? { gone } : {}) }];
}

export function processesAt(elapsedMs: number): ProcessRow[] {
  if (elapsedMs < 0) return [];
  const second = Math.floor(elapsedMs / 1000);
  const rows: ProcessRow[] = [processAt(4711, 4700, 'node', second)];
  for (let index = 0; index < Math.min(12, Math.floor(second / 3)); index += 1) {
    const pid = 4712 + index;
    // One worker is killed for lack of memory.
    if (index === 3 && elapsedMs >= 140_000) continue;
    const parent = index < 4 ? 4711 : 4712 + (index % 4);
    const comm = HOSTILE_NAMES[index - 4] ?? (index === 1 ? 'bpf-loader' : `worker-${index}`);
    rows.push(processAt(pid, parent, comm, second));
  }
  return rows;
}

function processAt(pid: number, ppid: number, comm: string, second: number): ProcessRow {
  const index = pid - 4711;
  const rss = pages((index === 0 ? 70 : 12 - index / 2) * MIB + second * (index % 3) * 24 * KIB);
  return {
    pid,
    ppid,
    comm,
    rss,
    ...(second >= 5 ? { pss: pages(rss * 0.7) } : {}),
    ...(second > index * 3
      ? { cpuPercent: Math.round(noise(pid + second) * (index === 0 ? 900 : 300)) / 10 }
      : {}),
    threads: index === 0 ? 11 : 1 + (index % 4),
    ...(index === 9 ? {} : { fds: 8 + index * 3 }),
    ...(index > 4 ? { cgroup: index % 2 === 0 ? 'workers' : 'workers/日本' } : {}),
  };
}

export function processRecords(elapsedMs: number): ProcessesRecord[] {
  const { rows, gone } = changed(processesAt(elapsedMs - 1000), processesAt(elapsedMs), ({ pid }) => pid);
  if (rows.length === 0 && gone.length === 0) return [];
  return [{ type: 'processes', elapsedMs, processes: rows, ...(gone.length > 0 ? { gone } : {}) }];
}

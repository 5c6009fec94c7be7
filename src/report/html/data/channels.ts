/** The series of a page: which there are, and their values in a sample. */
import type { BpfTotals } from '../../../model/bpf-totals.ts';
import type { Sample } from '../../../model/sample.ts';
import { type Channel, hasValues, type ThinnedSeries } from './thinner.ts';

/** A series of the timeline. */
export interface LineChannel {
  id: string;
  label: string;
  meaning: string;
}

/** Those that are drawn, in the order of the legend. */
export const LINES: readonly LineChannel[] = [
  { id: 'current', label: 'current', meaning: 'all memory charged' },
  { id: 'workingset', label: 'working set', meaning: 'current without the page cache that can be dropped' },
  { id: 'anon', label: 'anon', meaning: 'heap, stacks and other private memory' },
  { id: 'file', label: 'file', meaning: 'page cache, shared memory and tmpfs included' },
  { id: 'kernel', label: 'kernel', meaning: 'kernel memory, BPF maps and programs included' },
  { id: 'bpf', label: 'BPF', meaning: 'BPF maps and programs that are charged' },
  { id: 'swap', label: 'swap', meaning: 'swapped out' },
  {
    id: 'rss',
    label: 'rss',
    meaning: 'sum of resident set sizes, shared pages counted once for each process',
  },
  { id: 'pss', label: 'pss', meaning: 'sum of proportional set sizes' },
];

/** The lines of a run that have values, each with the number of its colour. */
export function shownLines({
  channels,
}: ThinnedSeries): (LineChannel & { channel: Channel; color: number })[] {
  return LINES.flatMap((line, color) => {
    const channel = channels[line.id];
    return channel === undefined || !hasValues(channel.max) ? [] : [{ ...line, channel, color }];
  });
}

/** Parts of the memory that only the composition needs. */
export const STAT_PARTS = [
  'shmem',
  'inactive_file',
  'slab',
  'kernel_stack',
  'pagetables',
  'sec_pagetables',
  'percpu',
  'vmalloc',
  'sock',
  'zswap',
] as const;

const PLACES = ['vmalloc', 'slab', 'percpu'] as const;

/** All channels. `stall.*` are microseconds since the creation of the cgroup; all others are bytes. */
export const CHANNELS: readonly string[] = [
  ...LINES.map(({ id }) => id),
  ...STAT_PARTS,
  'bpf.maps',
  'bpf.programs',
  ...PLACES.map((place) => `bpf.in.${place}`),
  'stall.some',
  'stall.full',
];

const FIRST_PART = LINES.length;
const FIRST_BPF = FIRST_PART + STAT_PARTS.length;
const HIGHS = LINES.map(({ id }) => id);

/** Reads the channels of samples into arrays that are used again for each. */
export class ChannelReader {
  readonly values = new Float64Array(CHANNELS.length);
  readonly highs = new Float64Array(CHANNELS.length);
  /** The last reading of BPF memory, which is valid until the next. */
  #bpf: BpfTotals | undefined;

  /** Reads one sample; both arrays are NaN where it has no value. */
  read(sample: Sample): void {
    const { values, highs } = this;
    const { stat, tree, maxima, pressure } = sample;
    if (sample.bpf !== undefined) this.#bpf = sample.bpf;
    const charged = this.#bpf?.charged;
    values[0] = sample.current ?? Number.NaN;
    values[1] = sample.workingset ?? Number.NaN;
    values[2] = stat?.anon ?? Number.NaN;
    values[3] = stat?.file ?? Number.NaN;
    values[4] = sample.kernel ?? Number.NaN;
    values[5] = charged === undefined ? Number.NaN : charged.maps.bytes + charged.programs.bytes;
    values[6] = sample.swap?.current ?? Number.NaN;
    values[7] = tree?.rss ?? Number.NaN;
    values[8] = tree?.pss ?? Number.NaN;
    for (let index = 0; index < STAT_PARTS.length; index += 1) {
      values[FIRST_PART + index] = stat?.[STAT_PARTS[index] as string] ?? Number.NaN;
    }
    values[FIRST_BPF] = charged?.maps.bytes ?? Number.NaN;
    values[FIRST_BPF + 1] = charged?.programs.bytes ?? Number.NaN;
    for (let index = 0; index < PLACES.length; index += 1) {
      values[FIRST_BPF + 2 + index] = charged?.places?.[PLACES[index] ?? 'slab'] ?? Number.NaN;
    }
    values[FIRST_BPF + 5] = pressure?.some?.total ?? Number.NaN;
    values[FIRST_BPF + 6] = pressure?.full?.total ?? Number.NaN;
    highs.set(values);
    if (maxima === undefined) return;
    for (let index = 0; index < HIGHS.length; index += 1) {
      const high = maxima.bytes[HIGHS[index] as string];
      if (high !== undefined && high > (highs[index] as number)) highs[index] = high;
    }
  }
}

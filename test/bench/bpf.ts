import { spawnSync } from 'node:child_process';
import { prepareIteratorObjects } from '#src/kernel/bpf/iter/iterator-objects.ts';
import { openTaskFileIterator } from '#src/kernel/bpf/iter/task-file-iterator.ts';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { listAllProcesses } from '#src/kernel/procfs/process-tree.ts';
import { indexHolders, scanHolders } from '#src/sampler/bpf/holders.ts';
import { type InventoryOptions, openBpfInventory } from '#src/sampler/bpf/inventory.ts';
import { BINARY } from '../paths.ts';
import { withMaps } from './tools/many-maps.ts';
import { type Finding, median } from './tools/report.ts';

const ROUNDS = 15;
const START_UPS = 41;
/** No cgroup has this id: the filter walks up to the root for every map, without a match. */
const NO_CGROUP = 2n ** 60n;

/** The cost of reading BPF memory, alternating with comparable tools. */
export async function measureBpf(): Promise<Finding[]> {
  const bpf = await openBpf();
  return [
    ...(await withMaps(bpf, 10_000, () => measurePolling(10_000))),
    ...(await withMaps(bpf, 1_000, () => measurePolling(1_000))),
    ...(await withMaps(bpf, 10_000, () => measureHolders(bpf))),
    measureFirstUse(),
  ];
}

async function measurePolling(count: number): Promise<Finding[]> {
  const all = await openForPolling({});
  const filtered = await openForPolling({ cgroupId: NO_CGROUP });
  const times = inTurn({
    bpftool: () => run('bpftool', ['map', '-j']),
    // A fork makes all our memory copy-on-write: nothing is started during a polling measurement.
    poll: { warmUp: () => all.read(), work: () => all.read() },
    filter: { warmUp: () => filtered.read(), work: () => filtered.read() },
  });
  all.close();
  filtered.close();
  const { bpftool, poll, filter } = times;
  const maps = `${count.toLocaleString('en')} maps`;
  const beside = (ms: number) => `${ms.toFixed(1)} ms against ${bpftool.toFixed(1)} ms of bpftool map -j`;
  const within = (name: string, value: number, atMost: number): Finding => ({
    name,
    value,
    unit: 'ms',
    atMost,
    detail: beside(value),
  });
  return count === 10_000
    ? [
        {
          name: `polling ${maps}, against bpftool map -j`,
          value: poll / bpftool,
          unit: 'times',
          atMost: 0.1,
          detail: beside(poll),
        },
        within(`polling ${maps} with the filter in the kernel`, filter, 6),
      ]
    : [within(`polling ${maps}`, poll, 2)];
}

function openForPolling(options: Partial<InventoryOptions>) {
  return openBpfInventory({ holders: false, ...options });
}

async function measureHolders(bpf: Bpf): Promise<Finding[]> {
  const files = openTaskFileIterator(bpf, await prepareIteratorObjects());
  const { iterator, scan } = inTurn({
    iterator: () => indexHolders(files.read()),
    scan: () => scanHolders(listAllProcesses()),
  });
  files.close();
  return [
    {
      name: 'holders of 10,000 map descriptors, against a scan of /proc',
      value: iterator / scan,
      unit: 'times',
      atMost: 0.1,
      detail: `${iterator.toFixed(1)} ms against ${scan.toFixed(1)} ms, medians of ${ROUNDS} in turn`,
    },
  ];
}

/** The cost of the first reading in a new process; the cache of offsets exists. */
function measureFirstUse(): Finding {
  const command = (...args: string[]) => run(process.execPath, [BINARY, 'maps', ...args]);
  command('--total');
  const { reading, help } = inTurn(
    { reading: () => command('--total'), help: () => command('--help') },
    START_UPS,
  );
  return {
    name: 'first reading of BPF maps in a process, with a warm cache',
    value: reading - help,
    unit: 'ms',
    atMost: 60,
    detail: `maps --total ${reading.toFixed(1)} ms, maps --help ${help.toFixed(1)} ms, medians of ${START_UPS} in turn`,
  };
}

/** The measured step, after the unmeasured ones. */
type Work = (() => unknown) | { warmUp: () => unknown; work: () => unknown };

/** The medians of these, each run once per round, after an unmeasured round. Unit: milliseconds. */
function inTurn<K extends string>(all: Record<K, Work>, rounds = ROUNDS): Record<K, number> {
  const names = Object.keys(all) as K[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const each: Work = all[name];
      if (typeof each !== 'function') each.warmUp();
      const work = typeof each === 'function' ? each : each.work;
      const before = performance.now();
      work();
      if (round > 0) times.get(name)?.push(performance.now() - before);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<K, number>;
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
}

// Creates BPF maps: a small array and a percpu array at once, and a large hash later; all are kept until the
// end. `grow-maps.mjs MS_OF_THE_HASH MS_OF_THE_END [ENTRIES]`
import koffi from 'koffi';

const BPF_MAP_CREATE = 0;
const [HASH, ARRAY, PERCPU_ARRAY] = [1, 2, 6];
const number = { x64: 321, arm64: 280 }[process.arch];
const [hashMs = 0, endMs = 1000, entries = 100_000] = process.argv.slice(2).map(Number);

const libc = koffi.load(null);
// Before Linux 5.11 a map is charged to RLIMIT_MEMLOCK, which is smaller than these maps.
const RLIMIT_MEMLOCK = 8;
libc.func('int setrlimit(int resource, void *limit)')(RLIMIT_MEMLOCK, Buffer.alloc(16, 0xff));
const syscall = libc.func('long syscall(long, int, void*, unsigned int)');

function makeMap(type, valueSize, maxEntries, name) {
  const attr = Buffer.alloc(128);
  for (const [index, value] of [type, 4, valueSize, maxEntries].entries())
    attr.writeUInt32LE(value, index * 4);
  attr.write(name, 28);
  if (syscall(number, BPF_MAP_CREATE, attr, attr.length) >= 0) return;
  console.error(`bpf(BPF_MAP_CREATE): errno ${koffi.errno()}`);
  process.exit(1);
}

makeMap(ARRAY, 64, 1024, 'settings');
makeMap(PERCPU_ARRAY, 1024, 256, 'counters');
setTimeout(() => {
  makeMap(HASH, 64, entries, 'connections');
  console.log(`grown at ${Date.now()}`);
}, hashMs);
setTimeout(() => process.exit(0), endMs);

// Creates a BPF hash of 100,000 entries with keys of 4 and values of 64 bytes, and keeps it for some seconds.
import koffi from 'koffi';

const BPF_MAP_CREATE = 0;
const BPF_MAP_TYPE_HASH = 1;
const number = { x64: 321, arm64: 280 }[process.arch];

// Before Linux 5.11 a map is charged to RLIMIT_MEMLOCK, which is smaller than this map.
const libc = koffi.load(null);
const RLIMIT_MEMLOCK = 8;
const unlimited = Buffer.alloc(16, 0xff);
libc.func('int setrlimit(int resource, void *limit)')(RLIMIT_MEMLOCK, unlimited);

const attr = Buffer.alloc(128);
attr.writeUInt32LE(BPF_MAP_TYPE_HASH, 0);
attr.writeUInt32LE(4, 4);
attr.writeUInt32LE(64, 8);
attr.writeUInt32LE(100_000, 12);
attr.write('hash_of_100000', 28);
const fd = libc.func('long syscall(long, int, void*, unsigned int)')(
  number,
  BPF_MAP_CREATE,
  attr,
  attr.length,
);
if (fd < 0) {
  console.error(`bpf(BPF_MAP_CREATE): errno ${koffi.errno()}`);
  process.exit(1);
}
setTimeout(() => process.exit(0), Number(process.argv[2] ?? 1) * 1000);

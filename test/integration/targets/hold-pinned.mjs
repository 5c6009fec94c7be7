// Opens a pinned BPF map and keeps it open for some seconds.
import koffi from 'koffi';

const BPF_OBJ_GET = 7;
const number = { x64: 321, arm64: 280 }[process.arch];
const path = Buffer.from(`${process.argv[2]}\0`);
const attr = Buffer.alloc(128);
attr.writeBigUInt64LE(koffi.address(path), 0);
const fd = koffi.load(null).func('long syscall(long, int, void*, unsigned int)')(
  number,
  BPF_OBJ_GET,
  attr,
  attr.length,
);
if (fd < 0) {
  console.error(`bpf(BPF_OBJ_GET): errno ${koffi.errno()}`);
  process.exit(1);
}
setTimeout(() => process.exit(path.length > 0 ? 0 : 1), Number(process.argv[3] ?? 1) * 1000);

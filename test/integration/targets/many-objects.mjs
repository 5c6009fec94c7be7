// A target with many BPF maps and processes, which prints the given number of lines per second:
//   node many-objects.mjs MAPS PROCESSES LINES_PER_SECOND SECONDS
import { spawn } from 'node:child_process';
import koffi from 'koffi';

const [maps = 0, processes = 0, linesPerSecond = 0, seconds = 10] = process.argv.slice(2).map(Number);

const BPF_MAP_CREATE = 0;
const BPF_MAP_TYPE_HASH = 1;
const NUMBERS = { x64: 321, arm64: 280 };

const syscall = koffi.load('libc.so.6').func('long syscall(long, int, void *, unsigned int)');

// union bpf_attr of BPF_MAP_CREATE: map_type, key_size, value_size, max_entries at 0; map_name at 28.
for (let index = 0; index < maps; index += 1) {
  const attr = Buffer.alloc(72);
  for (const [at, value] of [BPF_MAP_TYPE_HASH, 4, 64, 1024].entries()) attr.writeUInt32LE(value, at * 4);
  attr.write(`map_${index}`, 28, 15, 'latin1');
  if (syscall(NUMBERS[process.arch], BPF_MAP_CREATE, attr, attr.length) < 0) {
    console.error('no right to make BPF maps');
    break;
  }
}
const children = [];
for (let index = 0; index < processes; index += 1) {
  children.push(spawn('sleep', [String(seconds)], { stdio: 'ignore' }));
}
const line = `\x1b[32m${'output of the target '.repeat(3)}\x1b[0m\n`;
const TICK_MS = 20;
const timer = setInterval(() => {
  if (linesPerSecond > 0) process.stdout.write(line.repeat(Math.round((linesPerSecond * TICK_MS) / 1000)));
}, TICK_MS);
setTimeout(() => {
  clearInterval(timer);
  for (const child of children) child.kill();
}, seconds * 1000);

// A sawtooth heap: grows by 1 MiB every 2 ms to 48 MiB, frees everything and starts again. The number of
// steps is fixed: a busy machine only makes it slower. Arguments: duration in seconds, additional MiB that
// are kept.
const MIB = 1024 * 1024;
const kept = Buffer.alloc(Number(process.argv[3] ?? 0) * MIB, 1);
let steps = Math.round(Number(process.argv[2]) * 350);
let heap = [];

function grow() {
  if (heap.length === 48) {
    heap = [];
    globalThis.gc?.();
  }
  heap.push(Buffer.alloc(MIB, 1));
  steps -= 1;
  if (steps > 0) setTimeout(grow, 2);
  else process.exitCode = kept.length < 0 ? 1 : 0;
}

grow();

// Allocates a random amount: `noisy.mjs SECONDS MIB NOISE [GROWTH [SEED]]` has MIB +/- NOISE MiB, and grows
// by GROWTH MiB during its run. The same seed results in the same amounts.
const MIB = 1024 * 1024;
const [seconds = 1, size = 16, noise = 1, growth = 0, seed = 1] = process.argv.slice(2).map(Number);
const memory = new ArrayBuffer(0, { maxByteLength: 1024 * MIB });

let state = seed;
/** From -1 to 1. Source: Park and Miller, "Random number generators: good ones are hard to find", 1988. */
function random() {
  state = (state * 48271) % 2147483647;
  return (2 * state) / 2147483647 - 1;
}
for (let warmUp = 0; warmUp < 10; warmUp += 1) random();

memory.resize(size * MIB);
new Uint8Array(memory).fill(1);
// On a slow machine the first touch of all pages alone may take longer than SECONDS.
const start = performance.now();
const timer = setInterval(() => {
  const elapsed = (performance.now() - start) / 1000;
  if (elapsed >= seconds) clearInterval(timer);
  memory.resize(Math.round((size + growth * (elapsed / seconds) + noise * random()) * MIB));
  new Uint8Array(memory).fill(1);
}, 50);

// Allocates memory in steps, each at its time since the start: `grow.mjs 4@0 40@1500 2500` has 4 MiB at once,
// 40 MiB after 1.5 s, and exits after 2.5 s. It prints when it has grown, in milliseconds since 1970.
const MIB = 1024 * 1024;
const words = process.argv.slice(2);
const memory = new ArrayBuffer(0, { maxByteLength: 1024 * MIB });

for (const word of words.slice(0, -1)) {
  const [size, ms] = word.split('@').map(Number);
  setTimeout(() => {
    memory.resize(size * MIB);
    new Uint8Array(memory).fill(1);
    console.log(`grown to ${size} at ${Date.now()}`);
  }, ms);
}
setTimeout(() => {}, Number(words.at(-1)));

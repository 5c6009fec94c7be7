/** The program of a process that holds memory of known kinds; it runs in a Node.js of its own. */

/**
 * Uses nothing of ours but the native part of koffi, which it creates an array of 4 MiB with: it reads what
 * to do from its arguments. `loadKoffi` is only defined by `runHolder`.
 *
 * Source: `union bpf_attr` in `include/uapi/linux/bpf.h`: type, key, value and entries; the name at 28.
 */
export const HOLDER_SCRIPT = `
const fs = require('node:fs'), net = require('node:net');
const [anon, size, directories, sockets, name, koffi, number, mapName, entries, ...folders] = process.argv.slice(1);
let map = 'koffi is not where npm installs it';
if (koffi !== '') try {
  const attr = new Uint8Array(128), native = { exports: {} };
  if (typeof loadKoffi === 'function') native.exports = loadKoffi();
  else process.dlopen(native, koffi);
  new Uint32Array(attr.buffer, 0, 4).set([2, 4, 4096, +entries]);
  attr.set(Buffer.from(mapName), 28);
  const syscall = native.exports.load(null).func('long syscall(long, int, void*, unsigned int)');
  map = Number(syscall(+number, 0, attr, 128)) >= 0 ? '' : 'bpf(BPF_MAP_CREATE): errno ' + native.exports.errno();
} catch (error) {
  map = error.message;
}
globalThis.held = [Buffer.alloc(+anon, 1)];
for (const [index, folder] of folders.entries()) {
  const fd = fs.openSync(folder + '/' + name + '-' + index, 'w+');
  fs.writeSync(fd, Buffer.alloc(+size, 7));
  fs.fsyncSync(fd);
}
for (let index = 0; index < +directories; index++) fs.mkdirSync(folders[0] + '/' + index);
const server = net.createServer((socket) => {
  held.push(socket);
  if (held.length > +sockets / 2) process.stdout.write('ready ' + map + '\\n');
}).listen(folders[0] + '/s', () => {
  for (let index = 0; index < +sockets / 2; index++) held.push(net.connect(folders[0] + '/s'));
});
process.stdin.on('end', () => process.exit(0)).resume();
`;

/** The first argument that makes an executable run the script. */
const HOLDER_WORD = '--hold-memory';

/** The words that run the script, before its arguments. */
export function holderCommand(isExecutable: boolean): [program: string, ...words: string[]] {
  return isExecutable ? [process.execPath, HOLDER_WORD] : [process.execPath, '-e', HOLDER_SCRIPT];
}

/** Whether these arguments of an executable, its own path first, are those of the script. */
export function isHolderCommand(argv: readonly string[]): boolean {
  return argv[2] === HOLDER_WORD;
}

/** Runs the script in this process: an executable has no option `-e`. */
export function runHolder(require: NodeJS.Require, loadKoffi: () => unknown): void {
  process.argv.splice(1, 2);
  new Function('require', 'loadKoffi', HOLDER_SCRIPT)(require, loadKoffi);
}

/**
 * Holds memory of known kinds and sizes, prints `ready` and sleeps: hold-memory.mjs FOLDER TMPFS
 *
 * FOLDER gets a file of 6 MiB that is read, one of 3 MiB that is deleted and stays open, 400 directories, and
 * a program that runs; TMPFS a file of 5 MiB. 24 MiB of anonymous memory, and 64 pairs of sockets. Also files
 * with a name that is not UTF-8, with a path of 4,095 bytes, and one that is open under a name that was
 * removed and has another one; 128 KiB each.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const MIB = 1024 * 1024;
const [folder, tmpfs] = process.argv.slice(2);

const anon = Buffer.alloc(24 * MIB, 1);

function writeFile(path, size) {
  const fd = openSync(path, 'w+');
  writeSync(fd, Buffer.alloc(size, 7));
  return fd;
}

const kept = writeFile(join(folder, 'kept.dat'), 6 * MIB);
fsyncSync(kept);
closeSync(kept);
readFileSync(join(folder, 'kept.dat'));
const deleted = writeFile(join(folder, 'deleted.dat'), 3 * MIB);
rmSync(join(folder, 'deleted.dat'));
const shared = writeFile(join(tmpfs, 'held.tmpfs'), 5 * MIB);
for (let index = 0; index < 400; index++) mkdirSync(join(folder, `directory-${index}`));
const hostile = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('\xff\n\x1b[31m\xc3', 'latin1')]);
closeSync(writeFile(hostile, 128 * 1024));
let deep = folder;
while (deep.length < 4095 - 251) {
  deep = join(deep, 'd'.repeat(Math.min(250, 4095 - 3 - deep.length)));
  mkdirSync(deep);
}
closeSync(writeFile(join(deep, 'f'.repeat(4095 - 1 - deep.length)), 128 * 1024));
closeSync(writeFile(join(folder, 'linked'), 128 * 1024));
linkSync(join(folder, 'linked'), join(folder, 'removed-link'));
const linked = openSync(join(folder, 'removed-link'));
rmSync(join(folder, 'removed-link'));

copyFileSync('/bin/sleep', join(folder, 'mapped'));
const child = spawn(join(folder, 'mapped'), ['600'], { stdio: 'ignore' });

const path = join(folder, 's');
const server = createServer((socket) => sockets.push(socket)).listen(path);
const sockets = [];
for (let index = 0; index < 64; index++) sockets.push(connect(path));
await new Promise((resolve) => setTimeout(resolve, 300));

console.log('ready');
await new Promise((resolve) => setTimeout(resolve, 600_000));
console.log(anon.length, deleted, shared, server.listening, sockets.length, child.pid, linked);

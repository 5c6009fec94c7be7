import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findInterpreterFault, readDynamicLoader } from '#src/target/interpreter.ts';
import { isCi } from '../../ci.ts';
import { required } from '../../required.ts';
import { makeTree } from '../temporary-tree.ts';

/** An executable that has only the header and one program header, with this path behind them. */
function makeElf({ bits, isLittle, machine, path }: Elf): Buffer {
  const [headerBytes, entryBytes] = bits === 64 ? [64, 56] : [52, 32];
  const file = Buffer.alloc(headerBytes + entryBytes);
  file.writeUInt32BE(0x7f454c46, 0);
  file[4] = bits === 64 ? 2 : 1;
  file[5] = isLittle ? 1 : 2;
  const half = (value: number, at: number) =>
    isLittle ? file.writeUInt16LE(value, at) : file.writeUInt16BE(value, at);
  const word = (value: number, at: number) =>
    isLittle ? file.writeUInt32LE(value, at) : file.writeUInt32BE(value, at);
  const long = (value: number, at: number) => {
    if (bits === 32) word(value, at);
    else if (isLittle) file.writeBigUInt64LE(BigInt(value), at);
    else file.writeBigUInt64BE(BigInt(value), at);
  };
  half(machine, 18);
  long(headerBytes, bits === 64 ? 32 : 28);
  half(entryBytes, bits === 64 ? 54 : 42);
  half(1, bits === 64 ? 56 : 44);
  word(3, headerBytes);
  long(file.length, headerBytes + (bits === 64 ? 8 : 4));
  long(path.length + 1, headerBytes + (bits === 64 ? 32 : 16));
  return Buffer.concat([file, Buffer.from(`${path}\0behind`)]);
}

interface Elf {
  bits: 32 | 64;
  isLittle: boolean;
  machine: number;
  path: string;
}

const folder = makeTree({ text: 'no program', empty: '', elf: '\x7fELF' });

it.each([
  ['x64', { bits: 64, isLittle: true, machine: 62 }],
  ['x64', { bits: 32, isLittle: true, machine: 3 }],
  ['arm64', { bits: 64, isLittle: true, machine: 183 }],
  ['s390x', { bits: 64, isLittle: false, machine: 22 }],
] as const)('finds the loader of a program for %s: %o', (architecture, form) => {
  const file = join(folder, 'program');
  writeFileSync(file, makeElf({ ...form, path: '/lib/no-loader.so.1' }), { mode: 0o755 });
  expect(readDynamicLoader(file, architecture)).toBe('/lib/no-loader.so.1');
  // An emulator may execute it.
  expect(readDynamicLoader(file, 'riscv64')).toBeUndefined();
});

const READELF = '/usr/bin/readelf';

it.skipIf(!existsSync(READELF) && !isCi())('agrees with readelf', () => {
  const { execPath } = process;
  const named = /program interpreter: (.*)\]/.exec(
    execFileSync(READELF, ['-l', '--wide', execPath], { encoding: 'utf8' }),
  );
  expect(readDynamicLoader(execPath)).toBe(required(named)[1]);
  expect(findInterpreterFault({ path: execPath, file: execPath })).toBeUndefined();
});

it.each(['text', 'empty', 'elf', 'absent'])('finds none in a file that is not a program: %s', (name) => {
  expect(readDynamicLoader(join(folder, name))).toBeUndefined();
});

it('reads no more than the file holds, whatever its header says', () => {
  const whole = makeElf({ bits: 64, isLittle: true, machine: 62, path: '/lib/loader' });
  const file = join(folder, 'damaged');
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 0x7f, 0xff]) {
      const damaged = Buffer.from(whole);
      damaged[at] = value;
      writeFileSync(file, damaged);
      expect(() => readDynamicLoader(file, 'x64')).not.toThrow();
    }
  }
  expect(readFileSync(file)).toHaveLength(whole.length);
});

it('names an absent loader before the program is started', () => {
  const machine = { x64: 62, arm64: 183 }[process.arch as string] ?? 0;
  const file = join(folder, 'foreign');
  writeFileSync(file, makeElf({ bits: 64, isLittle: true, machine, path: '/no/such/loader' }), {
    mode: 0o755,
  });
  expect(findInterpreterFault({ path: file, file })).toBe(
    `the dynamic loader /no/such/loader of ${file} does not exist: it was built for another system`,
  );
});

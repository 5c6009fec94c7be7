import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ToolError } from '#src/errors.ts';
import { Elf } from '#src/kernel/bpf/elf/elf.ts';
import { readElfMaps } from '#src/kernel/bpf/elf/elf-maps.ts';
import { findEmbeddedObjects, readBpfObjects } from '#src/kernel/bpf/elf/elf-objects.ts';
import { fixture } from '../../../../paths.ts';

const readObject = (name: string) => readFileSync(fixture(`elf/${name}.bpf.o`));
const folder = mkdtempSync(join(tmpdir(), 'cmemstat-elf-'));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (bytes: Buffer | string) => {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  return path;
};

describe('damaged ELF files', () => {
  const object = readObject('btf-maps');
  const sectionHeaders = Number(object.readBigUInt64LE(40));
  const btfHeader = sectionHeaders + 64 * (new Elf(object, 'f').section('.BTF')?.index ?? 0);
  const patched = (patch: (bytes: Buffer) => unknown) => {
    const bytes = Buffer.from(object);
    patch(bytes);
    return bytes;
  };

  it.each<[string, Buffer, string]>([
    ['empty', Buffer.alloc(0), 'f: not an ELF file'],
    ['text', Buffer.from('#!/bin/sh\n'), 'f: not an ELF file'],
    ['32-bit', patched((b) => b.writeUInt8(1, 4)), '32-bit ELF file'],
    ['no byte order', patched((b) => b.writeUInt8(3, 5)), 'with unknown byte order 3'],
    ['half a header', object.subarray(0, 40), 'ELF header is truncated (40 bytes)'],
    [
      'another machine',
      patched((b) => b.writeUInt16LE(62, 18)),
      'not a BPF object: its ELF machine is 62, expected 247',
    ],
    ['no section headers', object.subarray(0, 200), 'truncated: section headers end at byte'],
    [
      'headers far out',
      patched((b) => b.writeBigUInt64LE(2n ** 63n, 40)),
      'offset or size is too large: 9223372036854775808',
    ],
    [
      'odd headers',
      patched((b) => b.writeUInt16LE(40, 58)),
      'unsupported section header size 40, expected 64',
    ],
    [
      '65,535 sections',
      patched((b) => b.writeUInt16LE(0xffff, 60)),
      'truncated: section headers end at byte',
    ],
    ['names nowhere', patched((b) => b.writeUInt16LE(5000, 62)), 'section names are in section 5000'],
    [
      'a name outside',
      patched((b) => b.writeUInt32LE(0xffff_ffff, btfHeader)),
      'no name at offset 4294967295',
    ],
    [
      'BTF outside',
      patched((b) => b.writeBigUInt64LE(2n ** 40n, btfHeader + 32)),
      "section '.BTF' (1099511627776 bytes",
    ],
    [
      'no BTF',
      patched((b) => b.writeUInt32LE(0, btfHeader)),
      'maps in .maps require BTF, and the object has none: build with -g',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => readElfMaps(new Elf(bytes, 'f'))).toThrow(message);
  });

  it("an invalid 'maps' section is an error", () => {
    const bytes = readObject('legacy-maps');
    const { index } = new Elf(bytes, 'f').section('maps') ?? { index: 0 };
    bytes.writeBigUInt64LE(30n, Number(bytes.readBigUInt64LE(40)) + 64 * index + 32);
    expect(() => readElfMaps(new Elf(bytes, 'f'))).toThrow(
      "'maps' section of 30 bytes does not divide into 2 maps",
    );
  });

  it('hundreds of sections of global variables are an error', () => {
    const sound = readObject('globals');
    const elf = new Elf(sound, 'f');
    const { index } = elf.section('.data') ?? { index: 0 };
    const headers = Number(sound.readBigUInt64LE(40));
    const header = sound.subarray(headers + 64 * index, headers + 64 * (index + 1));
    const bytes = Buffer.concat([sound, ...Array.from({ length: 300 }, () => header)]);
    bytes.writeUInt16LE(elf.sections.length + 300, 60);
    expect(() => readElfMaps(new Elf(bytes, 'f'))).toThrow('too many sections of global variables: 307');
  });

  it.each([
    'btf-maps',
    'btf-maps.be',
    'map-in-map',
    'globals',
    'legacy-maps',
    'legacy-sections',
    'struct-ops',
    'unusual-maps',
  ])(
    'throw only a ToolError for any change of %s',
    (name) => {
      const original = readObject(name);
      const place = fc.oneof(
        fc.nat(original.length - 1),
        fc.nat(63),
        fc.integer({ min: original.length - 1300, max: original.length - 1 }),
      );
      const damage = fc.array(fc.tuple(place, fc.oneof(fc.constantFrom(0, 0xff, 0x7f), fc.nat(255))), {
        minLength: 1,
        maxLength: 10,
      });
      fc.assert(
        fc.property(damage, fc.nat(original.length * 4), (changes, cut) => {
          const bytes = Buffer.from(original.subarray(0, cut));
          for (const [at, value] of changes) if (at < bytes.length) bytes.writeUInt8(value, at);
          try {
            readElfMaps(new Elf(bytes, 'fuzzed'));
          } catch (error) {
            if (!(error instanceof ToolError)) throw error;
          }
        }),
        { numRuns: 1000 },
      );
    },
    60_000,
  );
});

describe('the objects in a file', () => {
  it('returns an object file as its own object', () => {
    const path = written(readObject('globals'));
    expect(readBpfObjects(path)).toMatchObject([{ path, maps: { length: 8 } }]);
  });

  it('finds objects inside a program, at any address', () => {
    const program = Buffer.concat([
      readFileSync(process.execPath).subarray(0, 4096),
      Buffer.from('\x7fELF but not really'),
      readObject('btf-maps'),
      Buffer.from('xyz'),
      readObject('btf-maps.be'),
      readObject('map-in-map').subarray(0, 1000),
    ]);
    const found = findEmbeddedObjects(program, 'p');
    const first = 4096 + 19;
    expect(found.objects.map(({ path }) => path)).toEqual([
      `p+0x${first.toString(16)}`,
      `p+0x${(first + readObject('btf-maps').length + 3).toString(16)}`,
    ]);
    expect(found.objects.map((object) => readElfMaps(object).maps.length)).toEqual([9, 9]);
    const last = first + readObject('btf-maps').length + 3 + readObject('btf-maps.be').length;
    expect(found.damaged).toEqual([`p+0x${last.toString(16)}`]);
    // Without the section headers of the program, which it does not contain.
    program.fill(0, 40, 48);
    expect(readBpfObjects(written(program)).at(-1)).toMatchObject({
      maps: [],
      missing: ['damaged BPF object'],
    });
    expect(() => readBpfObjects(written(program.subarray(0, first + 1000)))).toThrow(
      `contains no BPF object (damaged ones at ${join(folder, 'file')}+0x${first.toString(16)})`,
    );
  });

  it('rejects a file that contains only damaged objects', () => {
    const damaged = Buffer.alloc(1000 * 64);
    const header = readObject('btf-maps').subarray(0, 64);
    for (let at = 0; at < damaged.length; at += 64) header.copy(damaged, at);
    expect(() => findEmbeddedObjects(damaged, 'p')).toThrow('p: more than 256 damaged BPF objects inside');
  });

  it('finds one object where a header without sections is embedded', () => {
    const header = Buffer.from(readObject('btf-maps').subarray(0, 64));
    header.fill(0, 40, 48);
    header.fill(0, 58, 64);
    const { objects, damaged } = findEmbeddedObjects(Buffer.concat([Buffer.alloc(64), header]), 'p');
    expect([objects.length, damaged]).toEqual([1, []]);
  });

  it('reports what is wrong with other files', () => {
    expect(() => readBpfObjects(written('text'))).toThrow('not an ELF file');
    expect(() => readBpfObjects(process.execPath)).toThrow('that contains no BPF object');
    expect(() => readBpfObjects('/dev/zero')).toThrow('/dev/zero: not a regular file');
    expect(() => readBpfObjects(folder)).toThrow('not a regular file');
    expect(() => readBpfObjects(join(folder, 'none'))).toThrow('no such file or directory');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => readBpfObjects(pipe)).toThrow('not a regular file');
  });
});

/**
 * The compiled BPF objects that are checked in. CI also compiles them again: `npm run build:bpf -- --check`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Elf, EM_BPF } from '#src/kernel/bpf/elf/elf.ts';
import { OBJECTS_IDENTITY } from '#src/kernel/bpf/programs/compiled/identity.ts';
import { ITERATOR_NAMES, readObjectFile, SCAN_NAMES } from '#src/kernel/bpf/programs/object-files.ts';
import { HOST_BYTE_ORDER } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { source } from '../../../../paths.ts';
import { makeTree } from '../../../temporary-tree.ts';

const PROGRAMS = source('kernel/bpf/programs');
const COMPILED = join(PROGRAMS, 'compiled');
const objects = readdirSync(COMPILED)
  .filter((name) => name.endsWith('.o'))
  .sort();

const read = (name: string) => readFileSync(join(COMPILED, name));

describe('the compiled objects', () => {
  it('exist for every program and both byte orders, and there are no others', () => {
    const programs = readdirSync(PROGRAMS)
      .filter((name) => name.endsWith('.bpf.c'))
      .map((name) => name.replace(/\.bpf\.c$/, ''));
    expect(programs.length).toBeGreaterThan(0);
    expect(objects).toEqual(programs.flatMap((name) => [`${name}.bpfeb.o`, `${name}.bpfel.o`]).sort());
    expect(readdirSync(COMPILED).filter((name) => !name.endsWith('.o'))).toEqual(['identity.ts']);
  });

  it('have the identity that is part of the cache key', () => {
    // In the order of the build: a program in both byte orders, little endian first.
    const hash = createHash('sha256');
    for (const name of new Set(objects.map((object) => object.replace(/\.bpfe[bl]\.o$/, '')))) {
      hash.update(read(`${name}.bpfel.o`)).update(read(`${name}.bpfeb.o`));
    }
    expect(hash.digest('hex').slice(0, 16)).toBe(OBJECTS_IDENTITY);
  });

  it.each(objects)('%s has types and relocations, no other debug information, and no build path', (name) => {
    const bytes = read(name);
    const elf = new Elf(bytes, name);
    expect(elf.machine).toBe(EM_BPF);
    expect(elf.bigEndian).toBe(name.endsWith('.bpfeb.o'));
    const sections = elf.sections.map((section) => section.name);
    expect(sections).toEqual(expect.arrayContaining(['.BTF', '.BTF.ext', 'license']));
    expect(sections.filter((section) => /debug|addrsig|^\.rel\.BTF/.test(section))).toEqual([]);
    // The output of `strings` with a slash: names of sections, and of the source below `bpf/`.
    const paths = (bytes.toString('latin1').match(/[\x20-\x7e]{4,}/g) ?? []).filter((text) =>
      text.includes('/'),
    );
    const harmless = [
      /^(\.rel)?\??iter\/(bpf_map|bpf_prog|bpf_link|task_file|tcp|udp|unix)$/,
      /^bpf\/([a-z-]+\.bpf\.c|[a-z]+\.h)$/,
      /MIT\/GPL$/,
    ];
    expect(paths.filter((path) => !harmless.some((form) => form.test(path)))).toEqual([]);
    expect(paths.length).toBeGreaterThan(1);
  });
});

describe('readObjectFile', () => {
  const suffix = HOST_BYTE_ORDER === 'LE' ? 'bpfel.o' : 'bpfeb.o';
  const folderOf = (files: Readonly<Record<string, string | Buffer>>) => {
    const folder = makeTree();
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return pathToFileURL(`${folder}/`);
  };

  it.each([...ITERATOR_NAMES, ...SCAN_NAMES])('reads %s from the sources', (name) => {
    expect(readObjectFile(name)).toEqual(read(`${name}.${suffix}`));
  });

  it('reads a compressed object, as in the package', () => {
    const bytes = read(`map-iterator.${suffix}`);
    const folder = folderOf({ [`map-iterator.${suffix}.br`]: brotliCompressSync(bytes) });
    expect(readObjectFile('map-iterator', folder)).toEqual(bytes);
  });

  it.each([
    ['is missing', {}],
    ['is damaged', { [`map-iterator.${suffix}.br`]: 'not compressed' }],
  ])('says what to do if it %s', (_, files) => {
    expect(() => readObjectFile('map-iterator', folderOf(files))).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`map-iterator.${suffix}.br`),
        hint: 'reinstall cmemstat: one of its files is missing or damaged',
      }),
    );
  });
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { linkFdinfo, mapFdinfo, parseFdinfo, programFdinfo } from '#src/kernel/procfs/fdinfo.ts';
import { fixture } from '../../../paths.ts';

const text = (name: string) => readFileSync(fixture(`kernel/6.18/bpf-fdinfo/${name}`), 'latin1');
const parsed = (name: string) => parseFdinfo(text(name), name);

describe('fdinfo of a map', () => {
  it('has the spec and the memory', () => {
    expect(mapFdinfo(parsed('map-hash'))).toEqual({
      map_id: 26410,
      map_type: 1,
      key_size: 4,
      value_size: 64,
      max_entries: 1000,
      map_flags: 0,
      memlock: 137_536,
      frozen: false,
      owner_prog_type: undefined,
      owner_jited: undefined,
    });
  });

  it('has flags in hex', () => {
    expect(mapFdinfo(parsed('map-hash-no-prealloc'))?.map_flags).toBe(1);
  });

  it('has the type of the programs in a prog_array', () => {
    expect(mapFdinfo(parsed('map-prog-array'))).toMatchObject({ owner_prog_type: 1, owner_jited: true });
  });

  it('has the fields of older kernels', () => {
    const old = text('map-hash').replace(/^(map_extra|frozen):.*\n/gm, '');
    expect(mapFdinfo(parseFdinfo(old, 'old'))).toMatchObject({ map_id: 26410, frozen: undefined });
  });
});

describe('fdinfo of a program', () => {
  it('has its tag and its memory', () => {
    expect(programFdinfo(parsed('prog-socket-filter'))).toEqual({
      prog_id: 115,
      prog_type: 1,
      prog_tag: '59f4a931744dcdc6',
      memlock: 4096,
    });
  });
});

describe('fdinfo of a link', () => {
  it('has the program that it attaches', () => {
    expect(linkFdinfo(parsed('link-iter'))).toEqual({
      link_id: expect.any(Number),
      link_type: 'iter',
      prog_id: expect.any(Number),
      map_id: undefined,
    });
  });

  it('may have a map and no program', () => {
    const fdinfo = parseFdinfo('pos:\t0\nlink_type:\tstruct_ops\nlink_id:\t3\nmap_id:\t9\n', 'link');
    expect(linkFdinfo(fdinfo)).toEqual({
      link_id: 3,
      link_type: 'struct_ops',
      prog_id: undefined,
      map_id: 9,
    });
  });
});

describe('fdinfo of anything else', () => {
  it.each([
    ['a device', text('not-bpf')],
    ['nothing', ''],
    [
      'an inotify instance',
      'pos:\t0\nflags:\t00\ninotify wd:1 ino:9e7e sdev:800013 mask:800afce ignored_mask:0\n',
    ],
    ['a lock', 'pos:\t0\nlock:\t1: FLOCK  ADVISORY  WRITE 5012 00:10:6957 0 EOF\n'],
  ])('is not a BPF object: %s', (_, content) => {
    const fdinfo = parseFdinfo(content, 'other');
    expect(mapFdinfo(fdinfo)).toBeUndefined();
    expect(programFdinfo(fdinfo)).toBeUndefined();
    expect(linkFdinfo(fdinfo)).toBeUndefined();
  });
});

describe('damaged fdinfo', () => {
  it.each([
    ['no memlock', text('map-hash').replace(/^memlock.*\n/m, ''), 'no memlock'],
    ['no number', text('map-hash').replace('137536', 'many'), "'many' is not a whole number"],
    ['negative', text('map-hash').replace('137536', '-1'), "'-1' is not a whole number"],
    ['too large', text('map-hash').replace('137536', '9007199254740993'), 'above 2^53'],
    ['flags not in hex', text('map-hash').replace('0x0', '0'), "invalid map_flags '0'"],
    ['cut off', text('map-hash').slice(0, 90), 'no '],
  ])('is an error: %s', (_, content, message) => {
    const read = () => mapFdinfo(parseFdinfo(content, '/proc/1/fdinfo/3'));
    expect(read).toThrow(KernelFileError);
    expect(read).toThrow(message);
    expect(read).toThrow('/proc/1/fdinfo/3');
  });

  it('never fails in another way', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(text('map-hash').length), (noise, at) => {
        const whole = text('map-hash');
        const fdinfo = parseFdinfo(whole.slice(0, at) + noise + whole.slice(at), 'noise');
        for (const read of [mapFdinfo, programFdinfo, linkFdinfo]) {
          try {
            read(fdinfo);
          } catch (error) {
            expect(error).toBeInstanceOf(KernelFileError);
          }
        }
      }),
    );
  });
});

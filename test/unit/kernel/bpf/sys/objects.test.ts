import { describe, expect, it } from 'vitest';
import { PermissionError, UnsupportedError } from '#src/errors.ts';
import { HOST_BYTE_ORDER } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { getProgramInfo, listObjectIds, readMapFdinfo, withObject } from '#src/kernel/bpf/sys/objects.ts';
import { descriptor, fakeBpf, leakedDescriptors, refuse } from './fake-bpf.ts';

const little = HOST_BYTE_ORDER === 'LE';
const readU32 = (bytes: Buffer, offset: number) =>
  little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
const writeU32 = (bytes: Uint8Array, offset: number, value: number) =>
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(offset, value, little);

describe('listObjectIds', () => {
  it('walks to the end', () => {
    const ids = [3, 7, 2_000_000_000];
    const bpf = fakeBpf({
      BPF_MAP_GET_NEXT_ID: (attr) => {
        const next = ids.find((id) => id > readU32(attr, 0));
        if (next === undefined) return refuse('BPF_MAP_GET_NEXT_ID', 'ENOENT')(attr, []);
        writeU32(attr, 4, next);
        return 0;
      },
    });
    expect(listObjectIds(bpf, 'map')).toEqual(ids);
  });

  it('returns nothing without objects', () => {
    const bpf = fakeBpf({ BPF_PROG_GET_NEXT_ID: refuse('BPF_PROG_GET_NEXT_ID', 'ENOENT') });
    expect(listObjectIds(bpf, 'program')).toEqual([]);
  });

  it('reports what is missing', () => {
    const refused = fakeBpf({ BPF_MAP_GET_NEXT_ID: refuse('BPF_MAP_GET_NEXT_ID', 'EPERM') });
    expect(() => listObjectIds(refused, 'map')).toThrow(PermissionError);
    expect(() => listObjectIds(refused, 'map')).toThrow('cannot list the BPF maps of this host');
    expect(() => listObjectIds(fakeBpf({}), 'link')).toThrow(UnsupportedError);
    expect(() => listObjectIds(fakeBpf({}), 'link')).toThrow(expect.objectContaining({ since: '5.8' }));
  });
});

describe('withObject', () => {
  const bpf = fakeBpf({ BPF_MAP_GET_FD_BY_ID: descriptor() });

  it('closes the descriptor', () => {
    const leaked = leakedDescriptors(() => {
      expect(withObject(bpf, 'map', 3, (fd) => fd > 2)).toBe(true);
    });
    expect(leaked).toBe(0);
  });

  it('closes the descriptor also after an error', () => {
    const fail = () => {
      throw new Error('while reading');
    };
    const leaked = leakedDescriptors(() => {
      expect(() => withObject(bpf, 'map', 3, fail)).toThrow('while reading');
    });
    expect(leaked).toBe(0);
  });

  it('returns undefined for an object that no longer exists', () => {
    const gone = fakeBpf({ BPF_MAP_GET_FD_BY_ID: refuse('BPF_MAP_GET_FD_BY_ID', 'ENOENT') });
    expect(readMapFdinfo(gone, 3)).toBeUndefined();
  });

  it('reports the missing capability', () => {
    const refused = fakeBpf({ BPF_PROG_GET_FD_BY_ID: refuse('BPF_PROG_GET_FD_BY_ID', 'EPERM') });
    expect(() => withObject(refused, 'program', 3, () => 0)).toThrow(
      expect.objectContaining({ needs: 'CAP_SYS_ADMIN' }),
    );
  });
});

describe('getProgramInfo', () => {
  it('repeats the call with more room until all maps fit', () => {
    // One more map is bound with each call.
    let count = 20;
    const bpf = fakeBpf({
      BPF_OBJ_GET_INFO_BY_FD: (_, [info = Buffer.alloc(0), mapIds = Buffer.alloc(0)]) => {
        for (let index = 0; index * 4 < mapIds.length && index < count; index++) {
          writeU32(mapIds, index * 4, 100 + index);
        }
        writeU32(info, 4, 9);
        writeU32(info, 52, count);
        if (count < 22) count++;
        return 0;
      },
    });
    const info = getProgramInfo(bpf, 5);
    expect(info.map_ids).toEqual(Array.from({ length: 22 }, (_, index) => 100 + index));
    expect(bpf.calls.length).toBe(4);
  });
});

/** The types of a kernel that sizes of maps depend on; the captured ones have those that programs use. */
import { readFileSync } from 'node:fs';
import { Btf } from '#src/kernel/bpf/btf/btf.ts';
import { fixture } from '../../paths.ts';
import { BtfBuilder } from '../../unit/kernel/bpf/btf/btf-builder.ts';

interface CapturedMaps {
  host: { sizes: Readonly<Record<string, number>>; pageSize: number };
}

/** The structures of Linux 6.12, with their sizes. */
export function mapKernelBtf(order: 'little' | 'big' = 'little'): Buffer {
  const { host } = JSON.parse(readFileSync(fixture('bpf-maps/6.12.json'), 'utf8')) as CapturedMaps;
  const btf = new BtfBuilder();
  const long = btf.int('unsigned long', 8);
  const bucket = btf.pointer(btf.struct('bucket', host.sizes.bucket ?? 16, []));
  const memberOf: Readonly<Record<string, [name: string, type: number, bit: number][]>> = {
    bpf_htab: [
      ['buckets', bucket, 0],
      ['map_locked', long, 64],
    ],
    bpf_ringbuf: [
      ['consumer_pos', long, 0],
      ['producer_pos', long, host.pageSize * 8],
    ],
  };
  for (const [name, bytes] of Object.entries(host.sizes)) {
    if (name === 'bucket') continue;
    const members = (memberOf[name] ?? []).map(([member, type, bit]) => ({ name: member, type, bit }));
    btf.struct(name, bytes, members);
  }
  return btf.bytes(order);
}

/** The same, parsed. */
export const mapKernel = () => new Btf(mapKernelBtf(), 'maps.btf');

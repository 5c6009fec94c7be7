/** BPF maps as on a large node. */
import { closeSync } from 'node:fs';
import { encodeMapCreate } from '#src/kernel/bpf/sys/bpf-attr.ts';
import type { Bpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';

/** Measures with this number of maps on the host, all of one shape, with this number of names. */
export async function withMaps<T>(
  bpf: Bpf,
  count: number,
  measure: () => Promise<T> | T,
  names = 1,
): Promise<T> {
  const attrs = Array.from({ length: names }, (_, at) =>
    encodeMapCreate({
      map_type: mapTypeNumber('hash'),
      key_size: 4,
      value_size: 8,
      max_entries: 10,
      map_name: names === 1 ? 'bench' : `bench${at}`,
    }),
  );
  const fds: number[] = [];
  try {
    while (fds.length < count) {
      const attr = attrs[fds.length % names];
      if (attr !== undefined) fds.push(bpf.call('BPF_MAP_CREATE', attr));
    }
    return await measure();
  } finally {
    for (const fd of fds) closeSync(fd);
    // The kernel frees them later; the next measurement must start without them.
    await new Promise((settle) => setTimeout(settle, 1_000));
  }
}

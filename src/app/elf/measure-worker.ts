/**
 * A process that creates maps on request, so that only they are charged to its memory cgroup: a JSON line on
 * standard input requests copies of a map, a line on standard output reports the kernel's figure for one.
 */
import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ToolError } from '../../errors.ts';
import type { DefinedMap } from '../../kernel/bpf/elf/elf-btf-maps.ts';
import { createDefinedMap } from '../../kernel/bpf/load/create-defined-map.ts';
import { openBpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { mapFdinfo, readFdinfo } from '../../kernel/procfs/fdinfo.ts';

/** A request: the number of copies of this map to create, replacing the existing ones; 0 closes them. */
export interface MakeRequest {
  map: DefinedMap;
  copies: number;
}

/** The response: `memlock` of one copy from fdinfo (unit: bytes), or why there are none. */
export type MakeReply = { memlock: number } | { error: string } | { dropped: true };

/** Encodes a request. `map_extra` may exceed the range of JSON numbers. */
export function encodeRequest(request: MakeRequest): string {
  return JSON.stringify(request, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Serves requests until standard input ends. @throws UnsupportedError if bpf(2) cannot be called. */
export async function serveMapMaker(): Promise<void> {
  const bpf = await openBpf();
  const fds: number[] = [];
  const answer = ({ map, copies }: MakeRequest): MakeReply => {
    for (const fd of fds.splice(0)) closeSync(fd);
    for (let made = 0; made < copies; made++) fds.push(createDefinedMap(bpf, map));
    const [first] = fds;
    if (first === undefined) return { dropped: true };
    const memlock = mapFdinfo(readFdinfo(first))?.memlock;
    return memlock === undefined ? { error: 'its fdinfo has no memlock' } : { memlock };
  };
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: MakeReply;
    try {
      reply = answer(decodeRequest(line));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      reply = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

function decodeRequest(line: string): MakeRequest {
  return JSON.parse(line, (key, value: unknown) =>
    key === 'map_extra' && typeof value === 'string' ? BigInt(value.slice(0, -1)) : value,
  ) as MakeRequest;
}

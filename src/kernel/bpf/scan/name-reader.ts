/** Asks the kernel for names, many in one call. */

import { runProgram } from '../load/links.ts';
import { type LoadedObject, loadObject } from '../load/load-object.ts';
import type { PreparedObject } from '../load/prepared-object.ts';
import { encodeMapElement } from '../sys/bpf-attr.ts';
import type { Bpf } from '../sys/bpf-call.ts';
import {
  decodeNames,
  MAX_REQUESTS,
  type NameDecoding,
  OUTPUT_SIZE,
  REQUEST_SIZE,
  type ScanName,
} from './scan-names.ts';

/** One object to be named. */
export interface NameRequest {
  /** See `REQUEST`. */
  kind: number;
  /** Writes its address, as two words of the host's byte order, to a place in the request. */
  copyTo(words: Uint32Array, at: number): void;
}

const BATCH_SIZE = 16;

/** A loaded program that names objects. */
export class NameReader {
  readonly #bpf: Bpf;
  readonly #loaded: LoadedObject;
  readonly #decoding: NameDecoding;
  readonly #requests = new Uint32Array((MAX_REQUESTS * REQUEST_SIZE) / 4);
  readonly #output = Buffer.alloc(OUTPUT_SIZE);
  readonly #key = Buffer.alloc(4);

  /**
   * Since: Linux 5.17. Needs CAP_BPF and CAP_PERFMON. @throws PermissionError, UnsupportedError,
   * SyscallError.
   */
  constructor(bpf: Bpf, object: PreparedObject, decoding: NameDecoding) {
    this.#bpf = bpf;
    this.#loaded = loadObject(bpf, object);
    this.#decoding = decoding;
  }

  /** The names of the objects, in their order. @throws SyscallError. */
  read(requests: readonly NameRequest[]): ScanName[] {
    const names: ScanName[] = [];
    for (let first = 0; first < requests.length; first += MAX_REQUESTS) {
      this.#readBatch(requests.slice(first, first + MAX_REQUESTS), names);
    }
    return names;
  }

  close(): void {
    this.#loaded.close();
  }

  #readBatch(requests: readonly NameRequest[], names: ScanName[]): void {
    this.#requests.fill(0);
    const kinds = new BigUint64Array(this.#requests.buffer);
    for (const [index, { kind, copyTo }] of requests.entries()) {
      copyTo(this.#requests, (index * REQUEST_SIZE) / 4);
      kinds[2 * index + 1] = BigInt(kind);
    }
    this.#element('BPF_MAP_UPDATE_ELEM', 'requests', Buffer.from(this.#requests.buffer));
    const program = this.#loaded.program('cmemstat_names');
    const asked = requests.map(({ kind }) => kind);
    const start = names.length;
    for (let done = 0; done < requests.length; ) {
      const context = Buffer.alloc(BATCH_SIZE);
      const words = new BigUint64Array(context.buffer, context.byteOffset, 2);
      words[0] = BigInt(done);
      runProgram(this.#bpf, program, context);
      const answered = Number(words[0]);
      if (answered <= done) break;
      this.#element('BPF_MAP_LOOKUP_ELEM', 'output', this.#output);
      const found = decodeNames(this.#output.subarray(0, Number(words[1])), asked, this.#decoding);
      for (; done < answered; done++) names[start + done] = found.get(done);
    }
    names.length = start + requests.length;
  }

  #element(command: 'BPF_MAP_UPDATE_ELEM' | 'BPF_MAP_LOOKUP_ELEM', map: string, value: Buffer): void {
    const { fd } = this.#loaded.map(map);
    const attr = encodeMapElement(fd, this.#bpf.address(this.#key), this.#bpf.address(value));
    this.#bpf.call(command, attr, [this.#key, value]);
  }
}

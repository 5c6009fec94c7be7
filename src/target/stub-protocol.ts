/** The messages between cmemstat and `stub/launch-stub.c`. */
import { endianness } from 'node:os';
import type { ByteString } from './byte-string.ts';
import type { TargetUser } from './user.ts';

/** What the stub is to start, and in which state. */
export interface StubRequest {
  /** The files that the target writes `0` to before exec. */
  joinFiles: readonly ByteString[];
  /** Descriptors to move, as dup2(2) does. */
  moves: readonly { from: number; to: number }[];
  /** The working directory; absent for that of cmemstat. */
  directory?: ByteString | undefined;
  /** The path for execve(2). */
  path: ByteString;
  words: readonly ByteString[];
  variables: readonly ByteString[];
  /**
   * The indices of variables whose value, which has to be longer than any pid, is replaced by the pid of the
   * target.
   */
  pidVariables: readonly number[];
  /** Bit n - 1 is signal n. */
  ignoredSignals: bigint;
  /** RLIMIT_NOFILE; absent to leave it as it is. */
  openFiles?: { soft: bigint; hard: bigint } | undefined;
  /** The user to become, without capabilities unless it is root; absent to stay what cmemstat is. */
  user?: Pick<TargetUser, 'uid' | 'gid' | 'groups'> | undefined;
  /** Whether to set no_new_privs. Source: prctl(2), PR_SET_NO_NEW_PRIVS. */
  noNewPrivs: boolean;
}

/** The step of the stub that failed. */
export type StubStep =
  | 'request'
  | 'join'
  | 'descriptor'
  | 'limit'
  | 'exec'
  | 'clone'
  | 'directory'
  | 'setgroups'
  | 'setresgid'
  | 'setresuid'
  | 'capset'
  | 'prctl(PR_SET_NO_NEW_PRIVS)';

/** How the start ended. */
export interface StubStarted {
  pid: number;
  /** Absent if the target is running. */
  failure?: { step: StubStep; errno: number };
}

/** How the target ended. */
export interface StubEnded {
  /** As wait(2) returns it. */
  waitStatus: number;
  /** CPU time of the target and of the descendants that it has waited for. Unit: microseconds. */
  userUs: number;
  systemUs: number;
}

const STEPS: readonly StubStep[] = [
  'request',
  'join',
  'descriptor',
  'limit',
  'exec',
  'clone',
  'directory',
  'setgroups',
  'setresgid',
  'setresuid',
  'capset',
  'prctl(PR_SET_NO_NEW_PRIVS)',
];
const MAGIC = 0x33534d43;
const SETS_LIMIT = 1;
const SETS_USER = 2;
const NO_NEW_PRIVS = 4;
const HEADER_BYTES = 72;
const STARTED_BYTES = 16;
const ENDED_BYTES = 32;

/** Whether this host is little-endian: the stub exists for such processors only. */
export const HAS_STUB_BYTE_ORDER = endianness() === 'LE';

/** Encodes `struct request` and what follows it. */
export function encodeRequest(request: StubRequest): Buffer {
  const moves = [...request.moves, ...request.pidVariables.map((to) => ({ from: -1, to }))];
  const { joinFiles, directory = '', path, words, variables, openFiles, user } = request;
  const text = [...joinFiles, directory, path, ...words, ...variables].join('\0');
  const strings = Buffer.from(`${text}\0`, 'latin1');
  const groups = user?.groups ?? [];
  const numbers = Buffer.alloc(8 * moves.length + 4 * groups.length);
  for (const [at, { from, to }] of moves.entries()) {
    numbers.writeInt32LE(from, 8 * at);
    numbers.writeInt32LE(to, 8 * at + 4);
  }
  for (const [at, group] of groups.entries()) numbers.writeUInt32LE(group, 8 * moves.length + 4 * at);
  const header = Buffer.alloc(HEADER_BYTES);
  const flags =
    (openFiles === undefined ? 0 : SETS_LIMIT) |
    (user === undefined ? 0 : SETS_USER) |
    (request.noNewPrivs ? NO_NEW_PRIVS : 0);
  const counts = [joinFiles.length, moves.length, words.length, variables.length, flags, groups.length];
  for (const [at, number] of [MAGIC, numbers.length + strings.length, ...counts].entries()) {
    header.writeUInt32LE(number, 4 * at);
  }
  // Which signals were blocked is not known.
  const masks = [request.ignoredSignals, 0n, openFiles?.soft ?? 0n, openFiles?.hard ?? 0n];
  for (const [at, mask] of masks.entries()) header.writeBigUInt64LE(mask, 32 + 8 * at);
  header.writeUInt32LE(user?.uid ?? 0, 64);
  header.writeUInt32LE(user?.gid ?? 0, 68);
  return Buffer.concat([header, numbers, strings]);
}

/** Collects the messages of the stub, which may come in pieces. */
export class StubMessages {
  #bytes: Buffer = Buffer.alloc(0);

  /** Adds bytes from the stub. */
  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
  }

  /** The first message; undefined until it is complete. */
  get started(): StubStarted | undefined {
    if (this.#bytes.length < STARTED_BYTES) return undefined;
    const pid = this.#bytes.readInt32LE(4);
    const step = STEPS[this.#bytes.readUInt32LE(8) - 1];
    return step === undefined ? { pid } : { pid, failure: { step, errno: this.#bytes.readInt32LE(12) } };
  }

  /** The second message; undefined until it is complete. */
  get ended(): StubEnded | undefined {
    if (this.#bytes.length < STARTED_BYTES + ENDED_BYTES) return undefined;
    return {
      waitStatus: this.#bytes.readInt32LE(STARTED_BYTES + 4),
      userUs: Number(this.#bytes.readBigUInt64LE(STARTED_BYTES + 8)),
      systemUs: Number(this.#bytes.readBigUInt64LE(STARTED_BYTES + 16)),
    };
  }
}

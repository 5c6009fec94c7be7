import { describe, expect, it } from 'vitest';
import { encodeRequest, StubMessages } from '#src/target/stub-protocol.ts';

const REQUEST = {
  joinFiles: ['/a', '/b'],
  moves: [{ from: 7, to: 1 }],
  pidVariables: [0],
  directory: '/c',
  path: '/bin/caf\xe9',
  words: ['x', ''],
  variables: ['A=1'],
  ignoredSignals: 1n,
  noNewPrivs: false,
};

describe('encodeRequest', () => {
  it('is a header, the moves and the strings', () => {
    const bytes = encodeRequest({ ...REQUEST, openFiles: { soft: 256n, hard: 2n ** 64n - 1n } });
    const strings = '/a\0/b\0/c\0/bin/caf\xe9\0x\0\0A=1\0';
    expect(bytes.toString('latin1', 0, 4)).toBe('CMS3');
    const counts = Array.from({ length: 6 }, (_, at) => bytes.readUInt32LE(4 + 4 * at));
    expect(counts).toEqual([16 + strings.length, 2, 2, 2, 1, 1]);
    const masks = Array.from({ length: 4 }, (_, at) => bytes.readBigUInt64LE(32 + 8 * at));
    expect(masks).toEqual([1n, 0n, 256n, 2n ** 64n - 1n]);
    expect(Array.from({ length: 4 }, (_, at) => bytes.readInt32LE(72 + 4 * at))).toEqual([7, 1, -1, 0]);
    expect(bytes.toString('latin1', 88)).toBe(strings);
  });

  it('has the user, its groups and no_new_privs', () => {
    const user = { uid: 1000, gid: 4_294_967_294, groups: [50, 4_294_967_294] };
    const bytes = encodeRequest({ ...REQUEST, user, noNewPrivs: true });
    const numbersFrom = (offset: number) => [bytes.readUInt32LE(offset), bytes.readUInt32LE(offset + 4)];
    expect(numbersFrom(24)).toEqual([2 | 4, 2]);
    expect(numbersFrom(64)).toEqual([1000, 4_294_967_294]);
    expect(numbersFrom(88)).toEqual([50, 4_294_967_294]);
    expect(bytes.toString('latin1', 96, 98)).toBe('/a');
  });

  it('sets no limit and no directory if none is given', () => {
    const bytes = encodeRequest({ ...REQUEST, directory: undefined });
    expect(bytes.readUInt32LE(24)).toBe(0);
    expect(bytes.toString('latin1', 88, 95)).toBe('/a\0/b\0\0');
  });
});

describe('StubMessages', () => {
  const started = (step: number, errno: number) => {
    const bytes = Buffer.alloc(16);
    for (const [at, value] of [1, 4711, step, errno].entries()) bytes.writeInt32LE(value, 4 * at);
    return bytes;
  };
  const ended = Buffer.alloc(32);
  ended.writeInt32LE(2, 0);
  ended.writeInt32LE(34, 4);
  ended.writeBigUInt64LE(5000n, 8);
  ended.writeBigUInt64LE(6000n, 16);

  it('accepts both messages in chunks of any size', () => {
    const messages = new StubMessages();
    const bytes = Buffer.concat([started(0, 0), ended]);
    for (let at = 0; at < bytes.length; at += 5) {
      expect(messages.ended).toBeUndefined();
      if (at < 16) expect(messages.started).toBeUndefined();
      messages.add(bytes.subarray(at, at + 5));
    }
    expect(messages.started).toEqual({ pid: 4711 });
    expect(messages.ended).toEqual({ waitStatus: 34, userUs: 5000, systemUs: 6000 });
  });

  it('reports the step that failed', () => {
    const messages = new StubMessages();
    messages.add(started(5, 2));
    expect(messages.started).toEqual({ pid: 4711, failure: { step: 'exec', errno: 2 } });
  });
});

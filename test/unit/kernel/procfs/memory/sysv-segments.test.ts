import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ToolError } from '#src/errors.ts';
import { parseSysvSegments } from '#src/kernel/procfs/memory/sysv-segments.ts';

const HEAD =
  '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n';
/** As Linux 6.18 prints it. */
const ROWS = `    24301          3  1600               4194304  7905  7905      4  1000     0     0     0 1796029000          0 1796029000               4194304                  8192
-1234567890         7   600                  4096     1     2      0     0     0     0     0          0          0 1796029000                     0                     0
`;

describe('parseSysvSegments', () => {
  it('reads the columns by name', () => {
    expect(parseSysvSegments(HEAD + ROWS, 'f')).toEqual([
      {
        key: 24301,
        shmid: 3,
        size: 4194304,
        creatorPid: 7905,
        attached: 4,
        ownerUid: 1000,
        rss: 4194304,
        swap: 8192,
        isRemoved: true,
      },
      {
        key: -1234567890,
        shmid: 7,
        size: 4096,
        creatorPid: 1,
        attached: 0,
        ownerUid: 0,
        rss: 0,
        swap: 0,
        isRemoved: false,
      },
    ]);
  });

  it('reads a list without segments, and one without resident sizes', () => {
    expect(parseSysvSegments(HEAD, 'f')).toEqual([]);
    const old = `key shmid perms size cpid lpid nattch uid\n0 1 600 4096 1 1 0 0\n`;
    expect(parseSysvSegments(old, 'f')).toMatchObject([{ rss: undefined, swap: undefined }]);
  });

  it.each(['0 x 600 4096', '0 1 rw 4096 1 1 0 0', 'k 1 600 4096 1 1 0 0', '0'])('rejects %o', (row) => {
    const text = `key shmid perms size cpid lpid nattch uid\n${row}\n`;
    expect(() => parseSysvSegments(text, 'f')).toThrow(
      expect.objectContaining({ operation: 'parse', line: 2 }),
    );
  });

  it('throws nothing but ToolErrors', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('key', 'shmid', '7', '600', '\n', ' '));
    fc.assert(
      fc.property(fc.array(word), (words) => {
        try {
          parseSysvSegments(HEAD + words.join(' '), 'f');
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError);
        }
      }),
    );
  });
});

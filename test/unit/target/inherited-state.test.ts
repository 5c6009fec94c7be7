import { describe, expect, it } from 'vitest';
import { guessIgnored, parseOpenFiles, withoutNodes } from '#src/target/inherited-state.ts';

const LIMITS = (soft: string, hard: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     \n`;

describe('parseOpenFiles', () => {
  it('reads both limits', () => {
    expect(parseOpenFiles(LIMITS('256', '20000'))).toEqual({ soft: 256n, hard: 20000n });
    expect(parseOpenFiles(LIMITS('1024', 'unlimited'))).toEqual({ soft: 1024n, hard: 2n ** 64n - 1n });
    expect(parseOpenFiles('')).toBeUndefined();
  });
});

describe('withoutNodes', () => {
  const pipe = (inode: number, fds: readonly number[]) => fds.map((fd) => ({ fd, link: `pipe:[${inode}]` }));
  const loop = (fd: number, kind = 'eventpoll') => ({ fd, link: `anon_inode:[${kind}]` });
  const NODE = [
    loop(3),
    ...pipe(100, [4, 5]),
    ...pipe(101, [6, 7]),
    loop(8, 'eventfd'),
    loop(9),
    ...pipe(102, [11, 12]),
  ];
  const isNonBlocking = (fd: number) => [6, 7, 11, 12, 20, 22].includes(fd);

  it('returns nothing if only the event loops of Node.js are open', () => {
    expect(withoutNodes(NODE, isNonBlocking)).toEqual([]);
  });

  it('keeps files, sockets, ends of pipes and the pipe of a job server', () => {
    const inherited = [
      { fd: 10, link: '/dev/null' },
      ...pipe(90, [20, 21]),
      ...pipe(91, [22]),
      { fd: 23, link: 'socket:[92]' },
    ];
    expect(withoutNodes([...NODE, ...inherited], isNonBlocking)).toEqual([10, 20, 21, 22, 23]);
  });

  it('keeps a pipe that precedes those of Node.js', () => {
    const after = NODE.map((each) => ({ ...each, fd: each.fd + 2 }));
    const found = withoutNodes([...pipe(90, [3, 4]), ...after], (fd) => isNonBlocking(fd - 2));
    expect(found).toEqual([3, 4]);
  });
});

describe('guessIgnored', () => {
  const bits = (...numbers: number[]) => numbers.reduce((mask, each) => mask | (1n << BigInt(each - 1)), 0n);
  const guess = (facts: Partial<Parameters<typeof guessIgnored>[0]>) =>
    guessIgnored({
      environment: {},
      pid: 7,
      parentProgram: 'bash',
      parentIgnores: 0n,
      isStdinUnreadable: false,
      ...facts,
    });

  it("is what a shell was started with or `trap '' SIGNAL` ignores", () => {
    for (const parentProgram of ['dash', 'bash', 'zsh', 'busybox']) {
      // SIGQUIT by most shells themselves; SIGHUP, SIGINT, SIGPIPE, SIGTERM.
      const facts = { parentProgram, parentIgnores: bits(1, 2, 3, 13, 15, 21, 22) };
      expect(guess(facts)).toBe(bits(1, 2, 13, 15, 21, 22));
    }
  });

  it('leaves out what an interactive shell ignores itself', () => {
    expect(guess({ parentIgnores: bits(3, 15, 20, 21, 22) })).toBe(0n);
    expect(guess({ parentIgnores: bits(2, 3, 10, 15, 20, 22) })).toBe(bits(2, 10));
  });

  it('takes nothing from other parents, which ignore signals while they wait', () => {
    for (const parentProgram of ['perl', 'time', '']) {
      expect(guess({ parentProgram, parentIgnores: bits(2, 3) })).toBe(0n);
    }
  });

  it('recognises nohup and a start by systemd', () => {
    expect(guess({ isStdinUnreadable: true })).toBe(bits(1));
    expect(guess({ environment: { _: '/usr/bin/nohup' } })).toBe(bits(1));
    expect(guess({ environment: { _: '/usr/bin/not-nohup' } })).toBe(0n);
    expect(guess({ environment: { SYSTEMD_EXEC_PID: '7' } })).toBe(bits(13));
    expect(guess({ environment: { SYSTEMD_EXEC_PID: '8' } })).toBe(0n);
  });
});

import bcrypt from 'bcryptjs';
import { describe, expect, it } from 'vitest';
import { BasicAuth, parseBasic } from '#src/app/exporter/web/basic-auth.ts';
import { BcryptThread } from '#src/app/exporter/web/bcrypt-thread.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const CHEAP = bcrypt.hashSync('right', 4);
const COSTLY = bcrypt.hashSync('right', 5);
const USERS = new Map([['alice', CHEAP]]);

/** Counts comparisons, and the hashes that were compared with. */
function counted(compare = async (password: string, hash: string) => bcrypt.compareSync(password, hash)) {
  const hashes: string[] = [];
  const auth = new BasicAuth((password, hash) => {
    hashes.push(hash);
    return compare(password, hash);
  });
  return { auth, hashes };
}

describe('basic authentication', () => {
  it('accepts the password of a user, and computes its hash once', async () => {
    const { auth, hashes } = counted();
    expect(await auth.check(basic('alice', 'right'), USERS, 'a')).toBe('accepted');
    expect(auth.check(basic('alice', 'right'), USERS, 'a')).toBe('accepted');
    expect(hashes).toEqual([CHEAP]);
  });

  it('denies a wrong password, and a repeated one without computing its hash again', async () => {
    const { auth, hashes } = counted();
    expect(await auth.check(basic('alice', 'wrong'), USERS, 'a')).toBe('denied');
    expect(auth.check(basic('alice', 'wrong'), USERS, 'a')).toBe('denied');
    expect(hashes).toHaveLength(1);
  });

  it('computes one hash for requests with the same password at the same time', async () => {
    const { auth, hashes } = counted();
    const all = await Promise.all(
      Array.from({ length: 50 }, () => auth.check(basic('alice', 'right'), USERS, 'a')),
    );
    expect(new Set(all)).toEqual(new Set(['accepted']));
    expect(hashes).toHaveLength(1);
  });

  it('computes a hash of the same cost for an unknown user, whatever the password', async () => {
    const users = new Map([
      ['alice', CHEAP],
      ['bob', COSTLY],
    ]);
    const { auth, hashes } = counted();
    const costs = new Set<string>();
    for (let at = 0; at < 40; at++) {
      expect(await auth.check(basic(`user${at}`, 'right'), users, 'a')).toBe('denied');
      expect(await auth.check(basic(`user${at}`, `other${at}`), users, 'a')).toBe('denied');
      const [first, second] = hashes.slice(-2);
      expect(first).toBe(second);
      // What bcrypt would not compute for a malformed hash.
      expect(first).toMatch(/^\$2b\$0[45]\$[./A-Za-z0-9]{53}$/);
      costs.add(String(first?.slice(0, 7)));
    }
    expect(costs.size).toBe(2);
  });

  it('forgets a password when the hash of the user changes', async () => {
    const { auth } = counted();
    expect(await auth.check(basic('alice', 'right'), USERS, 'a')).toBe('accepted');
    const changed = new Map([['alice', bcrypt.hashSync('new', 4)]]);
    expect(await auth.check(basic('alice', 'right'), changed, 'a')).toBe('denied');
    expect(await auth.check(basic('alice', 'right'), new Map([['bob', CHEAP]]), 'a')).toBe('denied');
  });

  it('bounds what waits, for one address and for all, while a known password is accepted at once', async () => {
    const waiting: (() => void)[] = [];
    let isSlow = false;
    const { auth, hashes } = counted(async (password, hash) => {
      if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
      return bcrypt.compareSync(password, hash);
    });
    await auth.check(basic('alice', 'right'), USERS, 'a');
    isSlow = true;
    const started = Array.from({ length: 100 }, (_, at) =>
      auth.check(basic('alice', `wrong${at}`), USERS, `address${at % 50}`),
    );
    expect(started.filter((each) => each === 'busy')).toHaveLength(84);
    expect(auth.check(basic('alice', 'right'), USERS, 'address0')).toBe('accepted');
    for (const done of waiting) done();
    await Promise.all(started);
    const one = Array.from({ length: 10 }, (_, at) => auth.check(basic('alice', `other${at}`), USERS, 'b'));
    expect(one.filter((each) => each === 'busy')).toHaveLength(8);
    for (const done of waiting) done();
    await Promise.all(one);
    expect(hashes).toHaveLength(1 + 16 + 2);
  });

  it('is busy, and denies nothing, when the comparison fails', async () => {
    const { auth } = counted(async () => {
      throw new Error('no memory');
    });
    expect(await auth.check(basic('alice', 'right'), USERS, 'a')).toBe('busy');
    expect(await auth.check(basic('alice', 'right'), USERS, 'a')).toBe('busy');
  });

  it.each([
    [undefined],
    [''],
    ['Basic'],
    ['Bearer YTpi'],
    ['Basic !!!!'],
    ['Basic YQ=='],
    [`Basic ${'A'.repeat(100_000)}`],
  ])('denies the header %s', (header) => {
    expect(parseBasic(header)).toBeUndefined();
    expect(new BasicAuth(async () => true).check(header, USERS, 'a')).toBe('denied');
  });

  it('keeps colons and other alphabets in passwords', () => {
    expect(parseBasic(basic('alice', 'a:b:ü'))).toEqual({ user: 'alice', password: 'a:b:ü' });
  });
});

describe('the thread that compares', () => {
  it('leaves this thread free meanwhile', async () => {
    const thread = new BcryptThread();
    try {
      const hash = bcrypt.hashSync('right', 11);
      await thread.compare('warm', CHEAP);
      let turns = 0;
      let isDone = false;
      const count = () => {
        turns++;
        if (!isDone) setImmediate(count);
      };
      setImmediate(count);
      expect(await thread.compare('right', hash)).toBe(true);
      isDone = true;
      // On this thread, bcryptjs yields once in 100 ms.
      expect(turns).toBeGreaterThan(50);
      expect(await thread.compare('wrong', hash)).toBe(false);
      expect(await thread.compare('right', 'malformed')).toBe(false);
    } finally {
      await thread.close();
    }
  });

  it('compares while the thread before it still ends', async () => {
    const thread = new BcryptThread();
    await thread.compare('right', CHEAP);
    const ended = thread.close();
    expect(await thread.compare('right', CHEAP)).toBe(true);
    await ended;
    await thread.close();
  });

  it('rejects what waits when it is ended, and begins again', async () => {
    const thread = new BcryptThread();
    const refused = expect(thread.compare('a', bcrypt.hashSync('a', 12))).rejects.toThrow('has ended');
    await thread.close();
    await refused;
    expect(await thread.compare('right', CHEAP)).toBe(true);
    await thread.close();
  });
});

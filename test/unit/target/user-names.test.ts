import { expect, test } from 'vitest';
import { askUserNames, findUserName } from '#src/target/user-names.ts';

const NOBODY_HAS = 3_999_999_999;

test('finds the name of a user in /etc/passwd', () => {
  expect(findUserName(0)).toBe('root');
  expect(findUserName(NOBODY_HAS)).toBeUndefined();
});

test('asks the name service for several users, of which some have no name', async () => {
  expect(await askUserNames([NOBODY_HAS, 0, 1])).toEqual(
    new Map([
      [0, 'root'],
      [1, findUserName(1)],
    ]),
  );
  expect(await askUserNames([NOBODY_HAS])).toEqual(new Map());
});

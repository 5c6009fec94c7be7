import { expect, it } from 'vitest';
import { InputError } from '#src/errors.ts';
import { checkInput } from '../../fuzz/check-input.ts';

/** How an input ends with this reader. */
function check(read: () => readonly string[], input = '') {
  const target = { name: 't', about: '', extension: 'txt', make: () => Buffer.alloc(0), read };
  return checkInput(target, Buffer.from(input));
}

const refuse = (message: string) => () => {
  throw new InputError('f', message);
};

it('accepts what is read, and what is refused with an error for the user', async () => {
  expect(await check(() => ['a table\n  of lines'])).toEqual({ kind: 'read' });
  expect(await check(refuse('f: not JSON'))).toEqual({ kind: 'refused' });
  expect(await check(refuse('f: version is NaN'), 'NaN')).toEqual({ kind: 'refused' });
  expect(await check(refuse('f: expected a number, found Infinity'), '1e400')).toEqual({ kind: 'refused' });
});

it.each<[string, () => readonly string[]]>([
  ['TypeError', () => (undefined as unknown as { x: string[] }).x],
  ['an error without a message', refuse('')],
  ['an error message of', refuse('x'.repeat(5000))],
  ['[object Object] in the error', refuse('f: [object Object]')],
  ['NaN in the output', () => ['peak NaN B']],
  ['a control character in the output', () => ['\u001b[2J']],
  [
    'polluted was added to a prototype',
    () => {
      Object.assign(Object.prototype, { polluted: 1 });
      return [];
    },
  ],
])('notices %s', async (fault, read) => {
  expect(await check(read)).toEqual({ kind: 'fault', fault: expect.stringContaining(fault) });
  expect({}).not.toHaveProperty('polluted');
});

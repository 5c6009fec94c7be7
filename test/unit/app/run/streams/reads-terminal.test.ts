import { expect, test } from 'vitest';
import { readsTerminal } from '#src/app/run/streams/reads-terminal.ts';

test.each([
  'bash',
  '/bin/sh -i',
  'python3',
  'psql -U me db',
  'vim file',
  'less /etc/passwd',
  'cat',
  'grep pattern',
  'tr a b',
  'xargs echo',
])('%s reads from the terminal', (command) => {
  expect(readsTerminal(command.split(' '))).toBe(true);
});

test.each([
  '',
  'ls',
  'bash script.sh',
  'sh -c true',
  'python3 -m http.server',
  'cat file',
  'grep pattern file',
  './less-is-more',
])('%s does not, as far as is known', (command) => {
  expect(readsTerminal(command.split(' '))).toBe(false);
});

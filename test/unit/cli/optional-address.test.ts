import { Command } from 'commander';
import { expect, it } from 'vitest';
import { takeAddresses } from '#src/cli/options/optional-address.ts';

function parse(line: string): [serve: unknown, files: string[]] {
  const command = takeAddresses(new Command('report'))
    .argument('<files...>')
    .option('--serve [address:port]')
    .option('--no-names')
    .exitOverride();
  command.parse(line.split(' '), { from: 'user' });
  return [command.opts().serve, command.args];
}

it.each([
  ['--serve run.jsonl', true, ['run.jsonl']],
  ['--serve a.jsonl b.jsonl', true, ['a.jsonl', 'b.jsonl']],
  ['a.jsonl --serve b.jsonl --no-names', true, ['a.jsonl', 'b.jsonl']],
  ['a.jsonl --serve', true, ['a.jsonl']],
  ['--serve 8080 a.jsonl', '8080', ['a.jsonl']],
  ['a.jsonl --serve [::1]:0', '[::1]:0', ['a.jsonl']],
  ['--serve 127.0.0.1:99999 a.jsonl', '127.0.0.1:99999', ['a.jsonl']],
  ['--serve=x:1 a.jsonl', 'x:1', ['a.jsonl']],
  ['--serve ./8080', true, ['./8080']],
  ['--serve -- 8080', true, ['8080']],
  ['--serve a.jsonl -- 8080', true, ['a.jsonl', '8080']],
  ['-- --serve 8080', undefined, ['--serve', '8080']],
])('%s', (line, serve, files) => {
  expect(parse(line)).toEqual([serve, files]);
});

/** `--serve [address:port]` before arguments: `report --serve run.jsonl` names a recording. */
import type { Command } from 'commander';
import type { ListenAddress } from '../../app/http/listen-address.ts';

const OPTION = '--serve';
/** As `parseListenAddress` accepts it; a wrong number is still meant as one. */
const ADDRESS = /^(?:(?:\[[^\]/]*\]|[^:/]*):)?\d{1,5}$/;

/** Takes the word after the option for its value only if it has the form of an address. */
export function takeAddresses(command: Command): Command {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words: string[]) => {
    const end = words.indexOf('--');
    const at = words.indexOf(OPTION);
    const next = words[at + 1];
    const isOption = at >= 0 && (end < 0 || at < end) && next !== undefined && next !== '--';
    if (!isOption || ADDRESS.test(next)) return parse(words);
    // At the end, no word follows that could be taken for its value.
    const rest = words.toSpliced(at, 1);
    return parse(rest.toSpliced(end < 0 ? rest.length : end - 1, 0, OPTION));
  };
  return command;
}

/** The address that was given. Sockets are only loaded here. @throws UsageError. */
export async function serveAddress(value: string | true): Promise<ListenAddress> {
  const { parseServeAddress } = await import('../../app/http/listen-address.ts');
  return parseServeAddress(value);
}

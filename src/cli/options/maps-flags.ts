/** The options of `cmemstat maps`. */
import { type Command, Option } from 'commander';
import { GROUP_KEYS, SORT_KEYS } from '../../app/maps/listing.ts';
import { addDelimitedOptions, type DelimitedFlags } from './delimited-flags.ts';
import { oneOfOption } from './one-of.ts';

/** The output formats besides our own. */
export const MAP_FORMATS = ['bpftool'] as const;

/** The options as commander passes them on: unparsed text. */
export interface MapsFlags extends DelimitedFlags {
  cgroup?: string;
  pid?: string;
  comm?: string;
  name?: string;
  type?: string;
  pinned?: string;
  anonymous?: true;
  orphaned?: true;
  unused?: true;
  sort?: string;
  groupBy?: string;
  total?: true;
  top?: string;
  threshold?: string;
  json?: true;
  format?: string;
  watch?: string | true;
  advise?: true;
  bytes?: true;
  html?: string;
  serve?: string | true;
}

/** Declares the options of `cmemstat maps`. */
export function addMapsOptions(command: Command): Command {
  command
    .optionsGroup('Filters:')
    .option('--cgroup <target>', 'list maps charged to this memory cgroup or to its descendants')
    .option('--pid <n>', 'list maps that this process holds a file descriptor for')
    .option('--comm <name>', 'list maps that processes with this name hold a file descriptor for')
    .option('--name <glob>', 'list maps with matching names')
    .option('--type <type>', 'list maps of these types, such as hash,lru_hash')
    .option('--pinned <directory>', 'list maps that are pinned in this directory or below')
    .option('--anonymous', 'list maps that are held only by programs, not by processes or pins')
    .option('--orphaned', 'list maps whose memory cgroup was removed: what a restarted agent has left')
    .option('--unused', 'list maps that are empty; arrays: that contain only zeros')
    .optionsGroup('Output:')
    .addOption(oneOfOption('--sort <key>', `sort by ${SORT_KEYS.join(', ')} (default: bytes)`, SORT_KEYS))
    .addOption(oneOfOption('--group-by <key>', `print sums grouped by ${GROUP_KEYS.join(', ')}`, GROUP_KEYS))
    .addOption(
      new Option('--total', 'print only the total').conflicts(['sort', 'groupBy', 'top', 'threshold']),
    )
    .option('--top <n>', 'limit the number of rows')
    .option('--threshold <percent>', 'combine rows below this share of all bytes into "others"')
    .option('--advise', 'print how much memory could be saved, and how')
    .option('--watch [interval]', 'repeat at an interval (default: 1s)')
    .addOption(new Option('--bytes', 'print sizes in bytes').conflicts(['json', 'format']))
    .option('--json', 'print one JSON document; with --watch one per line')
    .addOption(
      new Option('--html <file>', 'write a page with treemap, pie and table instead').conflicts([
        ...['json', 'format', 'csv', 'tsv', 'groupBy', 'total', 'sort', 'top', 'watch', 'bytes'],
      ]),
    )
    .addOption(
      new Option(
        '--serve [address:port]',
        'serve this page on 127.0.0.1, read again as long as it is open',
      ).conflicts([...['html', 'json', 'format', 'csv', 'tsv', 'groupBy', 'total', 'sort', 'top', 'bytes']]),
    )
    .addOption(
      oneOfOption(
        '--format <format>',
        '"bpftool": print the JSON of `bpftool map -j`',
        MAP_FORMATS,
      ).conflicts(['json', 'groupBy', 'total', 'advise', 'top', 'threshold', 'sort']),
    );
  return addDelimitedOptions(command, ['format', 'total', 'advise']);
}

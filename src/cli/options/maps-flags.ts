/** The options of `cmemstat maps`. */
import type { Command } from 'commander';
import { GROUP_KEYS, SORT_KEYS } from '../../app/maps/listing.ts';

/** What the command line says, as text that is not yet understood. */
export interface MapsFlags {
  cgroup?: string;
  pid?: string;
  comm?: string;
  name?: string;
  type?: string;
  pinned?: string;
  anonymous?: true;
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
}

/** Declares the options of `cmemstat maps`. */
export function addMapsOptions(command: Command): Command {
  return command
    .optionsGroup('Which maps:')
    .option('--cgroup <path>', 'charged to this memory cgroup or one below it')
    .option('--pid <n>', 'that this process has a descriptor of')
    .option('--comm <name>', 'that a process of this name has a descriptor of')
    .option('--name <glob>', 'of this name')
    .option('--type <type>', 'of this type, or of one in a list: hash,lru_hash')
    .option('--pinned <directory>', 'pinned in this directory or below it')
    .option('--anonymous', 'that no process and no pin holds, only programs')
    .option('--unused', 'that hold no element; arrays: that are all zero')
    .optionsGroup('How they are shown:')
    .option('--sort <key>', `by ${SORT_KEYS.join(', ')}`)
    .option('--group-by <key>', `summed by ${GROUP_KEYS.join(', ')}`)
    .option('--total', 'the sum alone')
    .option('--top <n>', 'only so many rows')
    .option('--threshold <percent>', 'rows below this share of all bytes as one, "others"')
    .option('--advise', 'say what could be saved')
    .option('--watch [interval]', 'again and again, each second or each interval')
    .option('--bytes', 'plain numbers of bytes in place of readable sizes')
    .option('--json', 'one JSON document; with --watch one a line')
    .option('--format <format>', '"bpftool": the JSON of `bpftool map -j`');
}

/** Recognises commands that read from the terminal, which the view does not give them. */
import { basename } from 'node:path';

/** Programs that are of little use without a terminal. */
const INTERACTIVE: ReadonlySet<string> = new Set(
  'atop bpython btop emacs fdisk fzf gdb htop ipython ipython3 irb jshell less lldb mc more mutt nano nvim psql screen sftp ssh su telnet tmux top vi view vim visudo'.split(
    ' ',
  ),
);

/**
 * Programs that read standard input unless a file or a command is given: shells, interpreters and filters.
 */
const READING: ReadonlySet<string> = new Set(
  'ash awk bash bc cat clickhouse-client csh dash dc erl fish ftp ghci grep head julia ksh lua mariadb mksh mongo mongosh mysql node perl php python python2 python3 R redis-cli ruby scala sed sh sort sqlite3 tail tclsh tcsh tee tr uniq wc xargs zsh'.split(
    ' ',
  ),
);

/** Programs whose first operand is not what they read. */
const FILTERS_WITH_PATTERN: ReadonlySet<string> = new Set(['awk', 'grep', 'sed']);

/** Whether a command is known to read from the terminal, by its name and operands. */
export function readsTerminal([program = '', ...words]: readonly string[]): boolean {
  const name = basename(program);
  if (INTERACTIVE.has(name)) return true;
  if (!READING.has(name)) return false;
  const operands = words.filter((word) => !/^-./.test(word));
  if (name === 'tee' || name === 'tr' || name === 'xargs') return true;
  return operands.length <= (FILTERS_WITH_PATTERN.has(name) ? 1 : 0);
}

/** Recognises commands and processes that read from the terminal, which the view does not give them. */
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type PidStat, readPidStat } from '../../../kernel/procfs/pid-stat.ts';
import { readPseudoFile } from '../../../kernel/pseudo-file.ts';

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

/** The number of read(2), where it is not 3. Source: syscalls(2), arch/../unistd.h */
const READ: Partial<Record<string, number>> = { x64: 0, arm64: 63, riscv64: 63, loong64: 63 };

/** Looking at each of thousands of processes would take too long. */
const MAX_PROCESSES = 200;

/**
 * The process that waits for input from our terminal, as sudo and ssh do for a password: it opens /dev/tty,
 * and gets the keys instead of the view. One that cannot be inspected is not found, such as sudo without
 * root.
 */
export function findTerminalReader(pids: readonly number[]): PidStat | undefined {
  if (pids.length > MAX_PROCESSES) return undefined;
  const { ttyNr } = readPidStat('self');
  for (const pid of pids) {
    try {
      const stat = readPidStat(pid);
      if (ttyNr !== 0 && stat.ttyNr === ttyNr && waitsForTerminal(pid)) return stat;
    } catch {
      // It has exited, or belongs to another user.
    }
  }
  return undefined;
}

/**
 * Source: proc(5), `/proc/PID/syscall`: the number, then the arguments, or `running`. Since: Linux 2.6.27.
 */
function waitsForTerminal(pid: number): boolean {
  const [number, fd = ''] = readPseudoFile(`/proc/${pid}/syscall`).split(' ');
  if (number !== String(READ[process.arch] ?? 3)) return false;
  return /^\/dev\/(tty|pts\/\d)/.test(readlinkSync(`/proc/${pid}/fd/${Number(fd)}`));
}

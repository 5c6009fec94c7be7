/** The width that lines of text have to fit into. */
import { isatty } from 'node:tty';

/** The width of a terminal that does not report its own. Unit: columns. */
const DEFAULT_WIDTH = 80;

/**
 * The width of a standard stream: that of its terminal; COLUMNS if the terminal reports none, or if the stream is
 * no terminal. Undefined for pipes and files without COLUMNS, which get whole lines. Unit: columns.
 */
export function terminalWidth(fd: 1 | 2): number | undefined {
  const given = Number(process.env.COLUMNS);
  const columns = Number.isInteger(given) && given > 0 ? given : undefined;
  if (!isatty(fd)) return columns;
  const reported = (fd === 1 ? process.stdout : process.stderr).columns;
  return reported > 0 ? reported : (columns ?? DEFAULT_WIDTH);
}

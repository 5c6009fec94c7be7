/** The width that lines of text have to fit into. */
import { fstatSync } from 'node:fs';

/** The width of a terminal that does not report its own. Unit: columns. */
const DEFAULT_WIDTH = 80;

/**
 * The width of a standard stream: that of its terminal; COLUMNS if the terminal reports none, or if the
 * stream is not a terminal. Undefined for pipes and files without COLUMNS, which get whole lines. Unit:
 * columns.
 */
export function terminalWidth(fd: 1 | 2): number | undefined {
  const given = Number(process.env.COLUMNS);
  const columns = Number.isInteger(given) && given > 0 ? given : undefined;
  if (!mayBeTerminal(fd)) return columns;
  const stream = fd === 1 ? process.stdout : process.stderr;
  if (!stream.isTTY) return columns;
  return stream.columns > 0 ? stream.columns : (columns ?? DEFAULT_WIDTH);
}

/** The major number of /dev/null and its like. Source: Documentation/admin-guide/devices.txt */
const MEMORY_DEVICES = 1;

/** Answers without the modules that a stream of Node.js, or `node:tty`, would load. */
function mayBeTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isCharacterDevice() && ((stat.rdev >> 8) & 0xfff) !== MEMORY_DEVICES;
  } catch {
    return false;
  }
}

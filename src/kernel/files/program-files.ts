/**
 * The files of the program: those beside the bundle, or, where the program is a single executable, those
 * inside of it. Their paths are below the directory of the bundle, which for an executable is its own path.
 */
import { readFileSync } from 'node:fs';

/** Whether a path is that of a file inside of the executable. */
export function isInExecutable(path: string): boolean {
  return path.startsWith(`${process.execPath}/`);
}

/**
 * Reads a file of the program. Do not change the bytes: those of an executable are read-only memory.
 * @throws Error if there is no such file.
 */
export function readProgramFile(path: string): Buffer {
  if (!isInExecutable(path)) return readFileSync(path);
  // Node.js before 20.16 has no such function, and no executable has such a Node.js.
  const { getRawAsset } = process.getBuiltinModule('node:sea');
  return Buffer.from(getRawAsset(path.slice(process.execPath.length + 1)) as ArrayBuffer);
}

/** The words that start this program again, before its own arguments. */
export function ownCommand(): [program: string, ...words: string[]] {
  const { execPath, execArgv, argv } = process;
  // `startExecutable` sets the path of the script to that of the executable.
  return argv[1] === execPath ? [execPath] : [execPath, ...execArgv, argv[1] ?? ''];
}

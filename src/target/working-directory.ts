/** Our working directory, which may have been removed while we are in it. */

/** The path of our working directory; undefined if it has been removed. */
export function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

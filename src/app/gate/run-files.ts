/** The names of the files of several runs. */

/** `run.jsonl` becomes `run.3.jsonl` for the third run. */
export function numberedFile(path: string | undefined, run: number): string | undefined {
  if (path === undefined) return undefined;
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  return dot > slash + 1 ? `${path.slice(0, dot)}.${run}${path.slice(dot)}` : `${path}.${run}`;
}

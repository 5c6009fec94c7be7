/** Where most of some files are. */

/** Undefined for what has no path, and for the root. */
export function directoryOf(path: string | undefined): string | undefined {
  const slash = path?.lastIndexOf('/') ?? 0;
  return slash <= 0 ? undefined : path?.slice(0, slash);
}

/** The deepest directory with more than half of the bytes; undefined if that is the root. */
export function mainDirectory(
  files: readonly { directory: string | undefined; bytes: number }[],
): string | undefined {
  const sums = new Map<string, number>();
  let total = 0;
  for (const { directory, bytes } of files) {
    total += bytes;
    for (let each = directory; each !== undefined; each = directoryOf(each)) {
      sums.set(each, (sums.get(each) ?? 0) + bytes);
    }
  }
  let deepest: string | undefined;
  for (const [directory, bytes] of sums) {
    if (bytes * 2 > total && directory.length > (deepest?.length ?? 0)) deepest = directory;
  }
  return deepest;
}

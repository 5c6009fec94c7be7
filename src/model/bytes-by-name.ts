/** Sums sizes of objects that may share a name. */

/** The total per name. Unit: bytes. */
export function bytesByName(things: readonly { name: string; bytes: number }[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { name, bytes } of things) sums.set(name, (sums.get(name) ?? 0) + bytes);
  return Object.fromEntries(sums);
}

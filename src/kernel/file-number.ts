/** Files by the numbers that the kernel prints for them. */

/** A file. */
export interface FileNumber {
  /** The device as `major:minor` in decimal. */
  device: string;
  /** The inode number in decimal. */
  inode: string;
}

/** The parts of a device number as stat(2) gives it, `major:minor` in decimal. Source: makedev(3). */
export function formatDevice(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

/** The key of a file in a map. */
export function fileKey(device: string, inode: number | bigint | string): string {
  return `${device} ${inode}`;
}

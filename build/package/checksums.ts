/** Checksums of files, as text. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The checksum of bytes, in hexadecimal. */
export function hexDigest(algorithm: 'md5' | 'sha256', bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

/** A line for each of these files below a folder, as `md5sum` and `sha256sum` print them. */
export function checksumLines(algorithm: 'md5' | 'sha256', folder: string, paths: readonly string[]): string {
  return paths.map((path) => `${hexDigest(algorithm, readFileSync(join(folder, path)))}  ${path}\n`).join('');
}

/** Writes `SHA256SUMS` of a folder, as `sha256sum --check` reads it. */
export function writeChecksums(folder: string): void {
  const names = readdirSync(folder).filter((name) => name !== 'SHA256SUMS');
  writeFileSync(join(folder, 'SHA256SUMS'), checksumLines('sha256', folder, names.toSorted()));
}

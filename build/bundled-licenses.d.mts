/**
 * The text of the licence of the package in this folder.
 * @throws Error if it has none: it must be distributed.
 */
export function readLicense(folder: string): string;

/** The names of the packages in `dist/licenses.txt`. */
export function packagesIn(text: string): string[];

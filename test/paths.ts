/** The paths of the tests' files, independent of the test's folder. */
import { resolve } from 'node:path';

/** The root of the checkout. */
export const PROJECT = resolve(import.meta.dirname, '..');

/** The built command. */
export const BINARY = resolve(PROJECT, 'bin/cmemstat.js');

/** The path of a file below `test/golden`. */
export const golden = (name: string) => resolve(PROJECT, 'test/golden', name);

/** The path of a file below `test/fixtures`. */
export const fixture = (name: string) => resolve(PROJECT, 'test/fixtures', name);

/** The path of a source file, for programs that a test writes. */
export const source = (name: string) => resolve(PROJECT, 'src', name);

/**
 * Runs before each test file, also if files share a process: a hook of a shared module would only be
 * registered for the first file that imports it.
 */
import fc from 'fast-check';
import { afterAll } from 'vitest';
import { removeTrees } from './temporary-tree.ts';

// By default fast-check creates some ten elements, however large the maxLength of an array or a text is.
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });

afterAll(removeTrees);

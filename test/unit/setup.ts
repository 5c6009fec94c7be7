/**
 * Runs before each test file, also if files share a process: a hook of a shared module would only be
 * registered for the first file that imports it.
 */
import { afterAll } from 'vitest';
import { removeTrees } from './temporary-tree.ts';

afterAll(removeTrees);

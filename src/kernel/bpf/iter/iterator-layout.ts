import { mergeQueries } from './iterator-program.ts';
import { LINK_ITERATOR_LAYOUT } from './link-iterator.ts';
import { MAP_ITERATOR_LAYOUT } from './map-iterator.ts';
import { PROGRAM_ITERATOR_LAYOUT } from './program-iterator.ts';
import { TASK_FILE_ITERATOR_LAYOUT } from './task-file-iterator.ts';

/** What all iterators together ask of the kernel's layout: one question, so that there is one file in the cache. */
export const ITERATORS_LAYOUT = mergeQueries(
  MAP_ITERATOR_LAYOUT,
  PROGRAM_ITERATOR_LAYOUT,
  LINK_ITERATOR_LAYOUT,
  TASK_FILE_ITERATOR_LAYOUT,
);

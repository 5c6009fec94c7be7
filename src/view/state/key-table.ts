/** All keys of the view; the help and the manual page are generated from this table. */

/** The contexts of keys. */
export type KeyPlace = 'everywhere' | 'panels' | 'lists' | 'live' | 'replay' | 'leaving' | 'prompts';

/** Keys with the same function, and its description. */
export interface KeyEntry {
  keys: readonly string[];
  where: KeyPlace;
  text: string;
}

/** The titles of the places, in the order of the help. */
export const KEY_PLACES: readonly { where: KeyPlace; title: string }[] = [
  { where: 'everywhere', title: 'Everywhere' },
  { where: 'panels', title: 'Panels' },
  { where: 'lists', title: 'Lists' },
  { where: 'live', title: 'Live' },
  { where: 'replay', title: 'Replay' },
  { where: 'leaving', title: 'Quitting while the target runs' },
  { where: 'prompts', title: 'Dialogs and prompts' },
];

/** All keys. */
export const KEY_TABLE: readonly KeyEntry[] = [
  { keys: ['?', 'F1'], where: 'everywhere', text: 'this help' },
  { keys: ['q'], where: 'everywhere', text: 'quit; asks while the target runs' },
  { keys: ['p'], where: 'everywhere', text: 'pause the view; sampling continues' },
  { keys: ['t'], where: 'everywhere', text: 'timeline: all, last 1, 5, 15, 60 min' },
  { keys: ['u'], where: 'everywhere', text: 'units: readable, KiB, bytes' },
  { keys: ['r'], where: 'everywhere', text: 'relative to the start, the pause, off' },
  { keys: ['e'], where: 'everywhere', text: 'memory by name; e again re-reads it' },
  { keys: ['w'], where: 'everywhere', text: 'write a snapshot (JSON and text)' },
  { keys: ['Ctrl-Z'], where: 'everywhere', text: 'suspend; fg resumes' },
  { keys: ['Ctrl-L'], where: 'everywhere', text: 'redraw the screen' },
  { keys: ['Tab', 'Shift-Tab'], where: 'panels', text: 'next, previous panel' },
  { keys: ['1-6'], where: 'panels', text: 'select a panel by its number' },
  { keys: ['z'], where: 'panels', text: 'zoom the panel in or out' },
  { keys: ['Esc'], where: 'panels', text: 'clear the filter, or leave the zoom' },
  { keys: ['Up', 'Down', 'PgUp', 'PgDn'], where: 'panels', text: 'move or scroll; so does the wheel' },
  { keys: ['Home', 'End'], where: 'panels', text: 'first, last' },
  { keys: ['click'], where: 'panels', text: 'select a panel or a row' },
  { keys: ['s', 'S'], where: 'lists', text: 'sort by the next column; reverse' },
  { keys: ['/'], where: 'lists', text: 'filter: part of a name, or glob: * ?' },
  { keys: ['Enter'], where: 'lists', text: 'details of a map or a process' },
  { keys: ['T'], where: 'lists', text: 'processes as a tree, or flat' },
  { keys: ['Ctrl-C'], where: 'live', text: 'send SIGINT to the target' },
  { keys: ['k'], where: 'live', text: 'send a signal to the selected process' },
  { keys: ['+', '=', '-'], where: 'live', text: 'longer (also =), shorter interval' },
  { keys: ['Space'], where: 'replay', text: 'play, pause' },
  { keys: ['<', '>'], where: 'replay', text: 'halve, double the speed' },
  { keys: ['Left', 'Right', ',', '.'], where: 'replay', text: 'one sample back, forward' },
  { keys: ['[', ']'], where: 'replay', text: '10 seconds back, forward' },
  { keys: ['g'], where: 'replay', text: 'go to a time: 90s, 2m, 50%, end' },
  { keys: ['P'], where: 'replay', text: 'go to the peak' },
  { keys: ['n', 'N'], where: 'replay', text: 'next, previous event' },
  { keys: ['Home', 'End'], where: 'replay', text: 'start, end (with timeline in focus)' },
  { keys: ['Ctrl-C'], where: 'replay', text: 'close the view, like q' },
  { keys: ['s'], where: 'leaving', text: 'terminate the target and quit' },
  { keys: ['l'], where: 'leaving', text: 'quit; the target keeps running' },
  { keys: ['Esc', 'any other'], where: 'leaving', text: 'cancel' },
  { keys: ['Enter'], where: 'prompts', text: 'confirm' },
  { keys: ['Esc'], where: 'prompts', text: 'cancel' },
  { keys: ['q', '?', 'F1'], where: 'prompts', text: 'close a page' },
  { keys: ['Up', 'Down'], where: 'prompts', text: 'select a signal; scroll a page' },
  { keys: ['Right', 'Left'], where: 'prompts', text: 'open, close a part of memory by name' },
  { keys: ['Backspace'], where: 'prompts', text: 'delete a character' },
  { keys: ['Ctrl-U'], where: 'prompts', text: 'clear the text' },
];

/** What figures mean; listed in the help. */
export const LEGEND: readonly (readonly [word: string, meaning: string])[] = [
  ['growth/min', 'estimated change per minute over the second half of the time, as in budgets on growth'],
  ['', 'empty: too few samples yet (10 over 5 s); 0: no growth that is certain'],
  ['peak', 'the highest value of each figure, which may be at different times'],
  ['at peak', 'after the end: the values at the highest total'],
  ['share', 'of current, or of all maps of the run'],
  ['rss, pss', 'resident memory; pss divides shared pages among processes'],
];

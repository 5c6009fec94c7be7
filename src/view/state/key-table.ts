/** Every key of the view, once: the help and the manual page are made from this. */

/** Where a key works. */
export type KeyPlace = 'everywhere' | 'panels' | 'lists' | 'live' | 'replay' | 'leaving' | 'prompts';

/** Some keys that do the same, and what that is. */
export interface KeyEntry {
  keys: readonly string[];
  where: KeyPlace;
  text: string;
}

/** What the places are called, in the order in which the help has them. */
export const KEY_PLACES: readonly { where: KeyPlace; title: string }[] = [
  { where: 'everywhere', title: 'Everywhere' },
  { where: 'panels', title: 'Panels' },
  { where: 'lists', title: 'Lists' },
  { where: 'live', title: 'Live' },
  { where: 'replay', title: 'Replay' },
  { where: 'leaving', title: 'Leaving, while the target runs' },
  { where: 'prompts', title: 'Dialogs and prompts' },
];

/** All keys. */
export const KEY_TABLE: readonly KeyEntry[] = [
  { keys: ['?', 'F1'], where: 'everywhere', text: 'this help' },
  { keys: ['q'], where: 'everywhere', text: 'quit; asks while the target runs' },
  { keys: ['p'], where: 'everywhere', text: 'pause the view; sampling goes on' },
  { keys: ['t'], where: 'everywhere', text: 'timeline: all, last 1, 5, 15, 60 min' },
  { keys: ['u'], where: 'everywhere', text: 'units: readable, KiB, bytes' },
  { keys: ['r'], where: 'everywhere', text: 'relative to the start, the pause, off' },
  { keys: ['w'], where: 'everywhere', text: 'snapshot (JSON, text) to this folder' },
  { keys: ['Ctrl-Z'], where: 'everywhere', text: 'suspend; fg comes back' },
  { keys: ['Ctrl-L'], where: 'everywhere', text: 'draw the screen anew' },
  { keys: ['Tab', 'Shift-Tab'], where: 'panels', text: 'next, previous panel' },
  { keys: ['1-6'], where: 'panels', text: 'a panel by its number' },
  { keys: ['z'], where: 'panels', text: 'zoom the panel, and back' },
  { keys: ['Esc'], where: 'panels', text: 'back from the zoom' },
  { keys: ['Up', 'Down', 'PgUp', 'PgDn'], where: 'panels', text: 'move or scroll; so does the wheel' },
  { keys: ['Home', 'End'], where: 'panels', text: 'first, last' },
  { keys: ['click'], where: 'panels', text: 'choose a panel or a row' },
  { keys: ['s', 'S'], where: 'lists', text: 'sort by the next column; reverse' },
  { keys: ['/'], where: 'lists', text: 'filter: part of a name, or glob: * ?' },
  { keys: ['Enter'], where: 'lists', text: 'all about a map, with advice' },
  { keys: ['T'], where: 'lists', text: 'processes as a tree, or flat' },
  { keys: ['k'], where: 'lists', text: 'send a signal to the selected process' },
  { keys: ['Ctrl-C'], where: 'live', text: 'SIGINT to the target' },
  { keys: ['+', '=', '-'], where: 'live', text: 'longer (also =), shorter interval' },
  { keys: ['Space'], where: 'replay', text: 'play, stop' },
  { keys: ['<', '>'], where: 'replay', text: 'half, twice the speed' },
  { keys: ['Left', 'Right', ',', '.'], where: 'replay', text: 'one sample back, on' },
  { keys: ['[', ']'], where: 'replay', text: '10 seconds back, on' },
  { keys: ['g'], where: 'replay', text: 'go to a time: 90s, 2m, 50%, end' },
  { keys: ['P'], where: 'replay', text: 'to the peak' },
  { keys: ['n', 'N'], where: 'replay', text: 'next, previous event' },
  { keys: ['Home', 'End'], where: 'replay', text: 'start, end; with the timeline in focus' },
  { keys: ['Ctrl-C'], where: 'replay', text: 'close the view, as q does' },
  { keys: ['s'], where: 'leaving', text: 'stop the target and leave' },
  { keys: ['l'], where: 'leaving', text: 'leave; it runs on and is recorded' },
  { keys: ['Esc', 'any other'], where: 'leaving', text: 'stay' },
  { keys: ['Enter'], where: 'prompts', text: 'do it' },
  { keys: ['Esc'], where: 'prompts', text: 'close, nothing changed' },
  { keys: ['q', '?', 'F1'], where: 'prompts', text: 'close a page' },
  { keys: ['Up', 'Down'], where: 'prompts', text: 'choose a signal; scroll a page' },
  { keys: ['Backspace'], where: 'prompts', text: 'delete a character' },
  { keys: ['Ctrl-U'], where: 'prompts', text: 'clear what was typed' },
];

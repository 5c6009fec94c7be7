/** What a key brings about: the state after it, and what has to happen outside of the view. */
import type { UiState } from './view.ts';

/** What a key wants from those who have opened the view. */
export type Effect =
  /** Ctrl-C: SIGINT to the target. */
  | { kind: 'interrupt' }
  | { kind: 'signal'; pid: number; signal: string }
  /** End the target, then the view. */
  | { kind: 'stop' }
  /** Close the view, go on measuring. */
  | { kind: 'leave' }
  /** Close the view: the target has ended. */
  | { kind: 'close' }
  | { kind: 'suspend' }
  | { kind: 'redraw' }
  | { kind: 'interval'; step: 1 | -1 }
  | { kind: 'snapshot' }
  | { kind: 'play' }
  | { kind: 'speed'; factor: number }
  | { kind: 'step'; samples: number }
  | { kind: 'skip'; ms: number }
  | { kind: 'goto'; text: string }
  | { kind: 'peak' }
  | { kind: 'edge'; to: 'start' | 'end' }
  | { kind: 'event'; direction: 1 | -1 };

/** The state after a key, and what it wants. */
export interface Pressed {
  ui: UiState;
  effect?: Effect;
}

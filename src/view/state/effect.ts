/** The result of a key: the new state, and an effect outside the view. */
import type { UiState } from './view.ts';

/** An effect of a key outside the view. */
export type Effect =
  /** Ctrl-C: SIGINT to the target. */
  | { kind: 'interrupt' }
  | { kind: 'signal'; pid: number; signal: string }
  /** End the target, then the view. */
  | { kind: 'stop' }
  /** Close the view and continue measuring. */
  | { kind: 'leave' }
  /** Close the view: the target has exited. */
  | { kind: 'close' }
  | { kind: 'suspend' }
  | { kind: 'redraw' }
  | { kind: 'interval'; step: 1 | -1 }
  /** Read the memory of the leaf by name. */
  | { kind: 'explain' }
  | { kind: 'snapshot' }
  | { kind: 'play' }
  | { kind: 'speed'; factor: number }
  | { kind: 'step'; samples: number }
  | { kind: 'skip'; ms: number }
  | { kind: 'goto'; text: string }
  | { kind: 'peak' }
  | { kind: 'edge'; to: 'start' | 'end' }
  | { kind: 'event'; direction: 1 | -1 };

/** The new state and the effect of a key. */
export interface Pressed {
  ui: UiState;
  effect?: Effect;
}

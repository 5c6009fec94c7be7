import { press } from '#src/view/state/keys.ts';
import type { View } from '#src/view/state/view.ts';
import { exampleView } from './example-view.ts';

/** The default view in which keys are pressed. */
export const EXAMPLE = exampleView();

/** The view after these keys, and the effect of the last one. */
export function pressing(keys: string[], view: View = EXAMPLE) {
  let now = view;
  let effect: ReturnType<typeof press>['effect'];
  for (const key of keys) {
    const pressed = press(now, key);
    now = { ...now, ui: pressed.ui };
    effect = pressed.effect;
  }
  return { ui: now.ui, effect, view: now };
}

/** A paused replay. */
export function replayView(): View {
  const replay = { speed: 1, endMs: 240_000, damagedLines: 0, following: false };
  return exampleView({ status: { state: 'halted', replay } });
}

/** Work in short steps, between which other work may be done. */

/** Takes all steps at once; returns the result. @throws what a step throws. */
export function finishSteps<T>(steps: Iterator<void, T, void>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Takes the steps with a pause after each; resolves to the result. @throws what a step throws. */
export async function takeSteps<T>(steps: Iterator<void, T, void>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

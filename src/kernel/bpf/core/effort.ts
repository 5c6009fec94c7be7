import { UnsupportedError } from '../../../errors.ts';

/** Bounds how long types are compared: made-up ones can refer to each other in a way that takes for ever. */
export class Effort {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** @throws UnsupportedError when it is used up. */
  spend(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new UnsupportedError(
        'CO-RE',
        'the types of the object take too long to compare with those of the kernel',
      );
  }
}

import { UnsupportedError } from '../../../errors.ts';

/**
 * Bounds the time spent on comparing types: malicious ones can refer to each other in ways that take forever.
 */
export class Effort {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** @throws UnsupportedError if the budget is exhausted. */
  spend(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new UnsupportedError('CO-RE', 'comparing the types of the object and the kernel takes too long');
  }
}

/** What was looked at to find something, for the error if it is not found. */
import { describeErrno, errnoOf } from '../../errors.ts';

const AS_ROOT = 'run with sudo: some of these can only be read by root';
const NOT_PERMITTED = ['EACCES', 'EPERM'];

/** Collects places in the order in which they were looked at, each one once. */
export class LookedAt {
  readonly #places = new Map<string, string | undefined>();
  #hint: string | undefined;

  /** `fault` is why it said nothing. */
  add(place: string, fault?: string): void {
    this.#places.set(place, fault);
  }

  /** A place that could not be read. A right that is missing is the hint of the error. */
  failed(place: string, error: unknown): void {
    const errno = errnoOf(error);
    if (NOT_PERMITTED.includes(errno ?? '')) this.#hint ??= AS_ROOT;
    const isSystem = errno !== undefined;
    this.add(place, isSystem ? describeErrno(errno) : error instanceof Error ? error.message : 'unreadable');
  }

  /** A place that may show more to other users. */
  incomplete(place: string, why: { reason: string; hint: string } | undefined): void {
    this.#hint ??= why?.hint;
    this.add(place, why?.reason);
  }

  /** One line for each place. */
  describe(): string[] {
    return Array.from(this.#places, ([place, fault]) => `${place}${fault === undefined ? '' : `: ${fault}`}`);
  }

  /** Undefined if nothing was refused. */
  get hint(): string | undefined {
    return this.#hint;
  }
}

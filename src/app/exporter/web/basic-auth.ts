/** Basic authentication: the passwords of clients against bcrypt hashes, RFC 7617. */
import { createHmac, randomBytes } from 'node:crypto';

/** `busy`: too many passwords are being compared; the client may try again. */
export type AuthResult = 'accepted' | 'denied' | 'busy';

/** Compares a password with a bcrypt hash; takes a tenth of a second or more. */
export type CompareHash = (password: string, hash: string) => Promise<boolean>;

/** Users that are kept with the outcome of their password. */
const MAX_CACHED = 100;
/** Comparisons at a time, all clients together, and for one address. */
const MAX_PENDING = 16;
const MAX_PENDING_EACH = 2;
/** An answer of the right length for users that do not exist: no password has it. */
const NO_DIGEST = `${'.'.repeat(22)}${'.'.repeat(31)}`;

/**
 * Checks `Authorization` headers. Each password costs one comparison, then its outcome is known by a keyed
 * hash of it. An unknown user takes the same way as a known one.
 */
export class BasicAuth {
  readonly #compare: CompareHash;
  readonly #secret = randomBytes(32);
  readonly #accepted = new Map<string, true>();
  readonly #denied = new Map<string, true>();
  readonly #pending = new Map<string, Promise<AuthResult>>();
  readonly #pendingOf = new Map<string, number>();

  constructor(compare: CompareHash) {
    this.#compare = compare;
  }

  /** `address` is that of the client, so that one client cannot take all turns. */
  check(
    header: string | undefined,
    users: ReadonlyMap<string, string>,
    address: string,
  ): AuthResult | Promise<AuthResult> {
    const credentials = parseBasic(header);
    if (credentials === undefined) return 'denied';
    const { user, password } = credentials;
    const hash = users.get(user);
    const compared = hash ?? this.#hashOfUnknown(user, users);
    const key = this.#keyOf(user, compared, password);
    if (this.#accepted.has(key)) return 'accepted';
    if (this.#denied.has(key)) return 'denied';
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const ofAddress = this.#pendingOf.get(address) ?? 0;
    if (this.#pending.size >= MAX_PENDING || ofAddress >= MAX_PENDING_EACH) return 'busy';
    const outcome = this.#compareOnce(key, password, compared, hash !== undefined).finally(() => {
      this.#pending.delete(key);
      const left = (this.#pendingOf.get(address) ?? 1) - 1;
      if (left > 0) this.#pendingOf.set(address, left);
      else this.#pendingOf.delete(address);
    });
    this.#pending.set(key, outcome);
    this.#pendingOf.set(address, ofAddress + 1);
    return outcome;
  }

  async #compareOnce(key: string, password: string, hash: string, exists: boolean): Promise<AuthResult> {
    let matches: boolean;
    try {
      matches = await this.#compare(password, hash);
    } catch {
      return 'busy';
    }
    const isRight = matches && exists;
    const cache = isRight ? this.#accepted : this.#denied;
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value ?? '');
    cache.set(key, true);
    return isRight ? 'accepted' : 'denied';
  }

  /** Keyed, so that the time of a look-up reveals nothing about the passwords in the cache. */
  #keyOf(...parts: readonly string[]): string {
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest('base64');
  }

  /**
   * A hash for a user that does not exist, which takes as long as that of a user who does: always the same
   * one, because users may have hashes of different costs.
   */
  #hashOfUnknown(user: string, users: ReadonlyMap<string, string>): string {
    const hashes = [...users.values()];
    const choice = createHmac('sha256', this.#secret).update(user).digest().readUInt32BE();
    const like = hashes[choice % hashes.length] ?? '';
    return `${like.slice(0, '$2y$10$'.length)}${NO_DIGEST}`;
  }
}

/** Unit: characters. bcrypt reads 72 bytes; node:http bounds all headers together. */
const MAX_HEADER = 4096;

/** The credentials of a header; undefined if it is absent or malformed. */
export function parseBasic(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec((header ?? '').slice(0, MAX_HEADER))?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Addresses to listen on, as command lines have them. */
import { isIP } from 'node:net';
import { UsageError } from '../../errors.ts';

/** Where to listen. */
export interface ListenAddress {
  /** An IP address, or a name of one; `::` for all addresses. */
  host: string;
  /** 0 for any free port. */
  port: number;
}

const MAX_PORT = 65_535;
const FORM = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]*)):)?(\d{1,5})$/;

/**
 * Parses `HOST:PORT`; a port alone is one of 127.0.0.1, and `:PORT` one of all addresses.
 * @throws UsageError that names the option.
 */
export function parseListenAddress(text: string, option: string): ListenAddress {
  const [, bracketed, plain = bracketed ?? 'localhost', digits = ''] = FORM.exec(text) ?? [];
  const port = Number(digits);
  const isBad = bracketed === undefined ? /^[\d.]+$/.test(plain) && isIP(plain) === 0 : isIP(bracketed) !== 6;
  if (digits === '' || port > MAX_PORT || isBad) {
    throw new UsageError(
      option,
      `${option} ${text}: expected HOST:PORT`,
      'such as 127.0.0.1:8080 or [::1]:8080',
    );
  }
  return { host: plain === 'localhost' ? '127.0.0.1' : plain || '::', port };
}

/** Whether only this host reaches an address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The address as a part of a URL. */
export function urlHost({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The option that serves a page. */
export const SERVE = '--serve';

/**
 * Where a page is served: any free port for `true`.
 * @throws UsageError if it is not an address, or one that other hosts reach.
 */
export function parseServeAddress(text: string | true): ListenAddress {
  if (text === true) return { host: '127.0.0.1', port: 0 };
  const address = parseListenAddress(text, SERVE);
  if (isLoopback(address.host)) return address;
  throw new UsageError(
    SERVE,
    `${SERVE} ${text}: the page is for this host only: use an address such as 127.0.0.1`,
    `from another host: ssh -L 8080:127.0.0.1:${address.port || 8080} HOST`,
  );
}

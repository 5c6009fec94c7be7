/**
 * The web config file of Prometheus' exporters: TLS and the users of basic authentication.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/https/ (exporter-toolkit 0.14).
 */
import { listWords } from '../../../format/list-words.ts';
import { nearestName } from '../../../format/nearest-name.ts';
import { CIPHER_SUITES, CURVES, TLS_VERSIONS, type TlsVersion } from './tls-names.ts';

/** How clients have to identify themselves, by Go's names. */
export type ClientAuth = (typeof CLIENT_AUTH)[number];

const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

/** A certificate, key or authority: a file, or the text itself. */
export type PemSource = { readonly file: string } | { readonly text: string };

/** `tls_server_config`. */
export interface TlsConfig {
  readonly cert: PemSource;
  readonly key: PemSource;
  readonly clientAuth: ClientAuth;
  readonly clientCa?: PemSource;
  /** A client certificate needs one of them as a subject alternative name; empty: any name. */
  readonly allowedSans: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names of cipher suites of TLS 1.2 and below; absent: Node.js's default. */
  readonly ciphers?: readonly string[];
  readonly prefersServerCiphers: boolean;
  /** OpenSSL's names of curves; absent: Node.js's default. */
  readonly curves?: readonly string[];
}

/** The contents of the file. */
export interface WebConfig {
  /** Absent: plain HTTP. */
  readonly tls?: TlsConfig;
  /** Headers of each response. */
  readonly headers: ReadonlyMap<string, string>;
  /** The bcrypt hash of each user's password; empty: no authentication. */
  readonly users: ReadonlyMap<string, string>;
}

/** A key with a value that is not allowed; `path` is where it stands: `tls_server_config.min_version`. */
export class WebConfigFault extends Error {
  constructor(path: string, message: string) {
    super(path === '' ? message : `${path}: ${message}`);
  }
}

/**
 * The configuration in a parsed document; an empty document configures nothing.
 * @throws WebConfigFault for an unknown key, a wrong value, or options that do not fit together.
 */
export function parseWebConfig(document: unknown): WebConfig {
  if (document === undefined || document === null) return { headers: new Map(), users: new Map() };
  const top = fieldsOf(document, '', ['tls_server_config', 'http_server_config', 'basic_auth_users']);
  const tls = present(top.get('tls_server_config')) ? parseTls(top.get('tls_server_config')) : undefined;
  return {
    ...(tls === undefined ? {} : { tls }),
    headers: parseHttp(top.get('http_server_config'), tls !== undefined),
    users: parseUsers(top.get('basic_auth_users')),
  };
}

const TLS = 'tls_server_config';

const TLS_KEYS = [
  ...['cert', 'cert_file', 'key', 'key_file', 'client_ca', 'client_ca_file', 'client_auth_type'],
  ...['client_allowed_sans', 'min_version', 'max_version', 'cipher_suites', 'prefer_server_cipher_suites'],
  'curve_preferences',
];

function parseTls(value: unknown): TlsConfig {
  const fields = fieldsOf(value, TLS, TLS_KEYS);
  const pem = (name: string) => parsePem(fields, name);
  const cert = pem('cert');
  const key = pem('key');
  if (cert === undefined) throw new WebConfigFault(TLS, 'cert_file is missing');
  if (key === undefined) throw new WebConfigFault(TLS, 'key_file is missing');
  const minVersion = parseChoice(fields, 'min_version', TLS_VERSIONS) ?? TLS_VERSIONS.TLS12;
  const maxVersion = parseChoice(fields, 'max_version', TLS_VERSIONS) ?? TLS_VERSIONS.TLS13;
  if (minVersion > maxVersion) throw new WebConfigFault(TLS, 'min_version is above max_version');
  const ciphers = parseChoices(fields, 'cipher_suites', CIPHER_SUITES);
  const curves = parseChoices(fields, 'curve_preferences', CURVES);
  return {
    cert,
    key,
    ...parseClients(fields, pem('client_ca')),
    minVersion,
    maxVersion,
    ...(ciphers === undefined ? {} : { ciphers }),
    prefersServerCiphers: parseBoolean(fields, 'prefer_server_cipher_suites', TLS) ?? true,
    ...(curves === undefined ? {} : { curves }),
  };
}

function parseClients(
  fields: Fields,
  clientCa: PemSource | undefined,
): Pick<TlsConfig, 'clientAuth' | 'clientCa' | 'allowedSans'> {
  // Go's older name of the same.
  const names = { ...Object.fromEntries(CLIENT_AUTH.map((name) => [name, name])), '': 'NoClientCert' };
  const choices = { ...names, RequireClientCert: 'RequireAnyClientCert' } as Record<string, ClientAuth>;
  const clientAuth = parseChoice(fields, 'client_auth_type', choices) ?? 'NoClientCert';
  const verifies = clientAuth.includes('Verify');
  const allowedSans = parseStrings(fields, 'client_allowed_sans') ?? [];
  if (clientAuth === 'NoClientCert' && clientCa !== undefined) {
    throw new WebConfigFault(TLS, 'client_ca_file requires a client_auth_type');
  }
  // Without one, every certificate of a public authority would do.
  if (verifies && clientCa === undefined) {
    throw new WebConfigFault(TLS, `client_auth_type ${clientAuth} requires client_ca_file`);
  }
  if (allowedSans.length > 0 && !verifies) {
    throw new WebConfigFault(TLS, 'client_allowed_sans requires a client_auth_type that verifies');
  }
  return { clientAuth, ...(clientCa === undefined ? {} : { clientCa }), allowedSans };
}

function parsePem(fields: Fields, name: string): PemSource | undefined {
  const file = parseString(fields, `${name}_file`);
  const text = parseString(fields, name);
  if (file !== undefined && text !== undefined) {
    throw new WebConfigFault(TLS, `${name} and ${name}_file exclude each other`);
  }
  if (file !== undefined) return { file };
  return text === undefined ? undefined : { text };
}

const HTTP = 'http_server_config';

/** The headers that the format allows, with the values of those that have a choice. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  'Content-Security-Policy': /./,
  'Strict-Transport-Security': /./,
  'X-Content-Type-Options': /^nosniff$/i,
  'X-Frame-Options': /^(?:deny|sameorigin)$/i,
  'X-XSS-Protection': /^[01](?:;\s*\S+)?$/,
};

function parseHttp(value: unknown, hasTls: boolean): Map<string, string> {
  const headers = new Map<string, string>();
  if (!present(value)) return headers;
  const fields = fieldsOf(value, HTTP, ['http2', 'headers']);
  if (parseBoolean(fields, 'http2', HTTP) === true) {
    throw new WebConfigFault(`${HTTP}.http2`, 'HTTP/2 is not supported: remove it, or set it to false');
  }
  if (!present(fields.get('headers'))) return headers;
  const path = `${HTTP}.headers`;
  const given = fieldsOf(fields.get('headers'), path, Object.keys(HEADERS));
  for (const [name, text] of given) {
    if (!present(text) || text === '') continue;
    if (typeof text !== 'string' || /[^\t\x20-\x7e]/.test(text) || !HEADERS[name]?.test(text)) {
      throw new WebConfigFault(`${path}.${name}`, 'not a value that this header allows');
    }
    if (name === 'Strict-Transport-Security' && !hasTls) {
      throw new WebConfigFault(`${path}.${name}`, `requires ${TLS}`);
    }
    headers.set(name, text);
  }
  return headers;
}

const USERS = 'basic_auth_users';

/** Each step doubles the time: with 16, one comparison takes several seconds. */
const MAX_COST = 16;
const MIN_COST = 4;

function parseUsers(value: unknown): Map<string, string> {
  if (!present(value)) return new Map();
  const users = new Map<string, string>();
  for (const [name, hash] of entriesOf(value, USERS)) {
    const path = `${USERS}.${name}`;
    if (name === '' || name.includes(':')) throw new WebConfigFault(path, 'not a name of a user');
    // Not the value: it may be the password itself.
    const cost =
      typeof hash === 'string' ? /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1] : undefined;
    if (cost === undefined) {
      throw new WebConfigFault(
        path,
        'not a bcrypt hash, as `htpasswd -nBC 10 NAME` prints it after the name',
      );
    }
    if (Number(cost) < MIN_COST || Number(cost) > MAX_COST) {
      throw new WebConfigFault(path, `the cost of the hash has to be ${MIN_COST} to ${MAX_COST}`);
    }
    users.set(name, String(hash));
  }
  return users;
}

type Fields = ReadonlyMap<string, unknown>;

/** YAML's empty value stands for an absent one. */
const present = (value: unknown) => value !== undefined && value !== null;

function entriesOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WebConfigFault(path, path === '' ? 'not a mapping of keys to values' : 'not a mapping');
  }
  return new Map(Object.entries(value));
}

function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  const fields = entriesOf(value, path);
  for (const key of fields.keys()) {
    if (known.includes(key)) continue;
    const near = nearestName(key, known);
    const where = path === '' ? key : `${path}.${key}`;
    throw new WebConfigFault(
      where,
      near === undefined ? 'unknown key' : `unknown key, did you mean ${near}?`,
    );
  }
  return fields;
}

function parseString(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  if (!present(value) || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new WebConfigFault(`${TLS}.${name}`, 'not a text');
}

function parseStrings(fields: Fields, name: string): string[] | undefined {
  const value = fields.get(name);
  if (!present(value)) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw new WebConfigFault(`${TLS}.${name}`, 'not a list of texts');
}

function parseBoolean(fields: Fields, name: string, path: string): boolean | undefined {
  const value = fields.get(name);
  if (!present(value)) return undefined;
  if (typeof value === 'boolean') return value;
  throw new WebConfigFault(`${path}.${name}`, 'expected true or false');
}

function choose<T>(name: string, value: string, choices: Readonly<Record<string, T>>): T {
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen !== undefined) return chosen;
  const names = listWords(Object.keys(choices).filter((each) => each !== ''));
  throw new WebConfigFault(`${TLS}.${name}`, `'${value}' is not one of ${names}`);
}

function parseChoice<T>(fields: Fields, name: string, choices: Readonly<Record<string, T>>): T | undefined {
  const value = parseString(fields, name);
  return value === undefined ? undefined : choose(name, value, choices);
}

function parseChoices<T>(
  fields: Fields,
  name: string,
  choices: Readonly<Record<string, T>>,
): T[] | undefined {
  const values = parseStrings(fields, name);
  return values === undefined || values.length === 0
    ? undefined
    : values.map((value) => choose(name, value, choices));
}

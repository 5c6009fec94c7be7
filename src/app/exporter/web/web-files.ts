/** The web config file and the files that it names: read at the start, and again where one has changed. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, InputError, PermissionError } from '../../../errors.ts';
import { readHead } from '../../../kernel/files/regular-file.ts';
import {
  type PemSource,
  parseWebConfig,
  type TlsConfig,
  type WebConfig,
  WebConfigFault,
} from './web-config.ts';

/** `tls_server_config` with the contents of its files. */
export interface TlsMaterial extends Omit<TlsConfig, 'cert' | 'key' | 'clientCa'> {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** The configuration with the contents of all files. */
export interface LoadedWebConfig extends Omit<WebConfig, 'tls'> {
  readonly tls?: TlsMaterial;
}

/** Unit: bytes. A bundle of all public authorities has a quarter of it. */
const MAX_BYTES = 1024 * 1024;

/** What differs where a file was replaced or written; `absent` where it cannot be read. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return 'absent';
  }
}

/** Files with the state in which they were read. */
export class WatchedFiles {
  readonly #stamps = new Map<string, string>();

  /**
   * The text of a file.
   * @throws InputError if it is not a regular file of at most 1 MiB; PermissionError.
   */
  read(file: string): string {
    // Before it is read: what is written meanwhile makes it differ.
    this.#stamps.set(file, stampOf(file));
    const bytes = readHead(file, MAX_BYTES + 1);
    if (bytes === undefined) throw explainUnreadable(file);
    if (bytes.length > MAX_BYTES) throw new InputError(file, `${file}: larger than ${MAX_BYTES} bytes`);
    return bytes.toString('utf8');
  }

  /** Whether one of them is no longer as it was read. */
  haveChanged(): boolean {
    return [...this.#stamps].some(([file, stamp]) => stampOf(file) !== stamp);
  }
}

function explainUnreadable(file: string): Error {
  try {
    if (!statSync(file).isFile()) return new InputError(file, `${file}: not a regular file`);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new InputError(file, `${file}: no such file`);
  }
  return new PermissionError(file, `${file}: not readable`);
}

/** A YAML document as plain objects. */
export type ParseYaml = (text: string) => unknown;

/**
 * The configuration in a file. Names of files in it are relative to its directory.
 * @throws InputError, PermissionError.
 */
export function readWebConfig(file: string, files: WatchedFiles, parseYaml: ParseYaml): LoadedWebConfig {
  const { tls, ...rest } = parse(file, files.read(file), parseYaml);
  if (tls === undefined) return rest;
  const textOf = (source: PemSource) =>
    'text' in source ? source.text : files.read(resolve(dirname(file), source.file));
  const { cert, key, clientCa, ...options } = tls;
  return {
    ...rest,
    tls: {
      ...options,
      cert: textOf(cert),
      key: textOf(key),
      ...(clientCa === undefined ? {} : { clientCa: textOf(clientCa) }),
    },
  };
}

function parse(file: string, text: string, parseYaml: ParseYaml): WebConfig {
  try {
    return parseWebConfig(parseYaml(text));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    // The parser quotes the lines around a fault, which may be hashes or keys: the first line says where.
    const line = message.split('\n')[0] ?? '';
    throw new InputError(file, `${file}: ${cause instanceof WebConfigFault ? message : line}`, {
      hint: 'the format is that of exporter-toolkit: tls_server_config, http_server_config, basic_auth_users',
      cause,
    });
  }
}

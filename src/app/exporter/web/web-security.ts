/** What a web config file means for the server of the exporter: TLS, authentication, headers. */
import type { Server, ServerOptions } from 'node:http';
import { InputError } from '../../../errors.ts';
import { monotonicMs } from '../../../kernel/monotonic.ts';
import { type AuthResult, BasicAuth } from './basic-auth.ts';
import { BcryptThread } from './bcrypt-thread.ts';
import { parseYaml } from './parse-yaml.ts';
import { checkMaterial, createTlsServer, secureOptions } from './tls-server.ts';
import { type LoadedWebConfig, readWebConfig, WatchedFiles } from './web-files.ts';

/** A look at the files costs some system calls for each of them. Unit: milliseconds. */
const CHECK_MS = 1_000;

/** Reports what could not be read again. */
type Report = (error: Error) => void;

/**
 * The configuration of a web config file. It is read again where one of the files has changed, at the next
 * connection; what cannot be used is reported once, and the former one stays.
 */
export class WebSecurity {
  readonly #file: string;
  readonly #report: Report;
  readonly #auth: BasicAuth;
  readonly #thread: BcryptThread;
  #files: WatchedFiles;
  #config: LoadedWebConfig;
  #checkedMs = monotonicMs();
  #onChange: (config: LoadedWebConfig) => void = () => {};

  /** @throws InputError, PermissionError if the file, or one that it names, cannot be used. */
  constructor(file: string, report: Report) {
    this.#file = file;
    this.#report = report;
    this.#files = new WatchedFiles();
    this.#config = this.#read(this.#files);
    this.#thread = new BcryptThread();
    this.#auth = new BasicAuth((password, hash) => this.#thread.compare(password, hash));
  }

  /** Whether the server speaks TLS. */
  get hasTls(): boolean {
    return this.#config.tls !== undefined;
  }

  /** Headers of each response. */
  get headers(): ReadonlyMap<string, string> {
    return this.#config.headers;
  }

  /** Creates the server; with plain HTTP, by `createPlain`. */
  createServer(options: ServerOptions, createPlain: (options: ServerOptions) => Server): Server {
    const { tls } = this.#config;
    let server: Server;
    if (tls === undefined) server = createPlain(options);
    else {
      const secure = createTlsServer(tls, options);
      this.#onChange = (config) => {
        if (config.tls !== undefined) secure.setSecureContext(secureOptions(config.tls));
      };
      server = secure;
    }
    // Before the handshake, which needs the certificate.
    server.prependListener('connection', () => this.refresh());
    return server;
  }

  /** Whether a request with this `Authorization` may be answered; `address` is that of the client. */
  check(authorization: string | undefined, address: string): AuthResult | Promise<AuthResult> {
    const { users } = this.#config;
    return users.size === 0 ? 'accepted' : this.#auth.check(authorization, users, address);
  }

  /** Reads the files again if one has changed; at most once a second. */
  refresh(nowMs = monotonicMs()): void {
    if (nowMs - this.#checkedMs < CHECK_MS) return;
    this.#checkedMs = nowMs;
    if (!this.#files.haveChanged()) return;
    const files = new WatchedFiles();
    try {
      const config = this.#read(files);
      if (needsRestart(this.#config, config)) {
        throw new InputError(this.#file, `${this.#file}: this change of TLS takes effect after a restart`);
      }
      this.#config = config;
      this.#onChange(config);
    } catch (error) {
      this.#report(error as Error);
    }
    // Also what could not be used: it is read again when it has changed again.
    this.#files = files;
  }

  /** Ends the thread that compares passwords. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  #read(files: WatchedFiles): LoadedWebConfig {
    const config = readWebConfig(this.#file, files, parseYaml);
    if (config.tls === undefined) return config;
    try {
      checkMaterial(config.tls);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(this.#file, `${this.#file}: tls_server_config cannot be used: ${reason}`, {
        cause,
      });
    }
    return config;
  }
}

/** Node.js fixes for the life of a server whether it speaks TLS and how clients identify themselves. */
function needsRestart({ tls: before }: LoadedWebConfig, { tls: after }: LoadedWebConfig): boolean {
  const fixed = (tls: typeof before) => tls && [tls.clientAuth, ...tls.allowedSans].join('\n');
  return fixed(before) !== fixed(after);
}

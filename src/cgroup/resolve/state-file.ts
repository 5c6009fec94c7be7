/** Files and sockets in which container runtimes keep names. Other programs write them: all is bounded. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { parseDocument } from '../../format/parse-document.ts';

/** Unit: bytes. */
const MAX_BYTES = 8 * 1024 * 1024;
const SOCKET_TIMEOUT_MS = 2000;

/** A part of a JSON document of unknown shape. */
export type Json = Record<string, unknown>;

/** Reads a JSON document; a symbolic link is refused. @throws an error with the errno, or SyntaxError. */
export function readJsonFile(path: string): unknown {
  return parseDocument(readBounded(path));
}

/** Reads a text of at most 8 MiB; a symbolic link is refused. @throws an error with the errno. */
export function readBounded(path: string): string {
  // A named pipe would be waited for.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    if (size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    const buffer = Buffer.alloc(size);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}

/** The names in a directory. @throws an error with the errno. */
export function listDirectory(path: string): string[] {
  return readdirSync(path);
}

/**
 * Requests a JSON document from the HTTP server of a runtime.
 * @throws an error, with the errno if the socket cannot be connected to.
 */
export async function requestJson(socketPath: string, path: string): Promise<unknown> {
  // Only loaded where there is a socket.
  const { get } = await import('node:http');
  return new Promise((resolve, reject) => {
    const request = get(
      { socketPath, path, headers: { host: 'cmemstat' }, timeout: SOCKET_TIMEOUT_MS },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > MAX_BYTES) request.destroy(new Error(`the answer is larger than ${MAX_BYTES} bytes`));
          chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`HTTP status ${response.statusCode}`));
          try {
            resolve(parseDocument(Buffer.concat(chunks).toString('utf8')));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    const timer = setTimeout(() => request.destroy(new Error('no answer')), SOCKET_TIMEOUT_MS);
    request.on('close', () => clearTimeout(timer));
    request.on('error', reject);
  });
}

/** The objects in a list; anything else is left out. */
export function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The object under a key. */
export function objectAt(value: unknown, key: string): Json {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : {};
}

/** The text under a key; undefined if it is none. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** The texts in the list under a key. */
export function textsAt(value: unknown, key: string): string[] {
  const found = isObject(value) ? value[key] : undefined;
  return Array.isArray(found) ? found.filter((each): each is string => typeof each === 'string') : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

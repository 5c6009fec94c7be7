import { StringDecoder } from 'node:string_decoder';

/** Prints the output of a guest, each line with its name, and keeps the text. */
export class PrefixedLines {
  text = '';
  readonly #prefix: string;
  #rest = '';

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Takes the chunks of one stream, which may divide a character. */
  reader(): (chunk: Buffer) => void {
    const decoder = new StringDecoder();
    return (chunk) => this.#write(decoder.write(chunk));
  }

  /** Prints the last line if it has no end. */
  end(): void {
    if (this.#rest !== '') this.#write('\n');
  }

  #write(text: string): void {
    this.text += text;
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(`[${this.#prefix}] ${line}\n`);
  }
}

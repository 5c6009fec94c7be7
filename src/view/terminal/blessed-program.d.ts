/**
 * The parts of blessed 0.1.81 that screen.ts uses; its published types cover the widgets, which are not
 * loaded.
 */

declare module 'blessed/lib/program.js' {
  import type { EventEmitter } from 'node:events';

  namespace Program {
    interface Keypress {
      /**
       * `C-`, `M-` and `S-`, followed by the name; for unknown sequences the name is the string `undefined`.
       */
      full?: string;
      name?: string;
      /** The input that the key was parsed from. */
      sequence?: string;
    }

    interface Mouse {
      action: 'mousedown' | 'mouseup' | 'mousemove' | 'wheelup' | 'wheeldown' | 'focus' | 'blur';
      button?: 'left' | 'middle' | 'right' | 'unknown';
      /** From 0. */
      x: number;
      y: number;
      /** Button, column, row and the raw report. */
      raw: [button: number, column: number, row: number, report: string];
    }
  }

  class Program extends EventEmitter {
    /** Whether the listener of process 'exit' is installed. */
    static _bound?: boolean;
    static _exitHandler?: () => void;
    constructor(options: { input: EventEmitter; output: EventEmitter; tput: false; term: string });
    on(
      event: 'keypress',
      listener: (ch: string | undefined, key: Program.Keypress | undefined) => void,
    ): this;
    on(event: 'mouse', listener: (mouse: Program.Mouse) => void): this;
    destroy(): void;
  }

  export = Program;
}

declare module 'blessed/lib/tput.js' {
  namespace Tput {
    interface Info {
      name: string;
      strings: Partial<Record<string, string>>;
    }
  }

  class Tput {
    /** Directories of terminfo entries, from the environment at load time. */
    static ipaths: readonly (string | string[])[];
    constructor(options: { extended: false });
    /**
     * Replaced by us: the original also compiles every sequence, which is slow, and prints those that fail.
     */
    injectTerminfo(file: string): unknown;
    readTerminfo(file: string): Tput.Info;
    parseTerminfo(data: Buffer, file: string): Tput.Info;
    _tprefix(folders: typeof Tput.ipaths, term: string): string | null | undefined;
    _useInternalInfo(name: string): unknown;
    _compile(info: Tput.Info, name: string, text: string): (parameters: number[]) => string;
  }

  export = Tput;
}

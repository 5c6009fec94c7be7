/** The parts of blessed 0.1.81 that screen.ts uses; its own types are those of the widgets, which we don't load. */

declare module 'blessed/lib/program.js' {
  import type { EventEmitter } from 'node:events';

  namespace Program {
    interface Keypress {
      /** `C-`, `M-` and `S-`, then the name; the name is `undefined` in letters for unknown sequences. */
      full?: string;
      name?: string;
      /** What the key was made of. */
      sequence?: string;
    }

    interface Mouse {
      action: 'mousedown' | 'mouseup' | 'mousemove' | 'wheelup' | 'wheeldown' | 'focus' | 'blur';
      button?: 'left' | 'middle' | 'right' | 'unknown';
      /** From 0. */
      x: number;
      y: number;
      /** Button, column, row and the whole report as they came. */
      raw: [button: number, column: number, row: number, report: string];
    }
  }

  class Program extends EventEmitter {
    /** Whether the listener of process 'exit' is there. */
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
    /** Folders of terminfo entries, from the environment at the time of loading. */
    static ipaths: readonly (string | string[])[];
    constructor(options: { extended: false });
    /** Replaced by us: the original also compiles every sequence, which takes long, and prints those it can't compile. */
    injectTerminfo(file: string): unknown;
    readTerminfo(file: string): Tput.Info;
    parseTerminfo(data: Buffer, file: string): Tput.Info;
    _tprefix(folders: typeof Tput.ipaths, term: string): string | null | undefined;
    _useInternalInfo(name: string): unknown;
    _compile(info: Tput.Info, name: string, text: string): (parameters: number[]) => string;
  }

  export = Tput;
}

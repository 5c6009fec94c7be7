/** A requirement of the harness is missing or failed; `hint` names the exact fix. */
export class VmError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(options.hint === undefined ? message : `${message}\n  hint: ${options.hint}`, {
      cause: options.cause,
    });
    this.name = 'VmError';
    this.hint = options.hint;
  }
}

/** The guest started its init but never reported an exit status: a panic, a hang or the time limit. */
export class GuestError extends VmError {
  readonly stdout: string;
  readonly stderr: string;
  /** The last lines of the guest's serial console. */
  readonly consoleTail: string;

  constructor(message: string, output: { stdout: string; stderr: string; consoleTail: string }) {
    super(`${message}\n--- end of the guest's console ---\n${output.consoleTail}`);
    this.name = 'GuestError';
    this.stdout = output.stdout;
    this.stderr = output.stderr;
    this.consoleTail = output.consoleTail;
  }
}

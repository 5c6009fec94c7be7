import { ToolError } from '../errors.ts';

/** The places that a leaf can have, in the order in which they are tried. */
export type PlacementKind = 'parent' | 'systemd' | 'top' | 'own' | 'process-tree';

/** Why one place was not taken, and what would make it work. Not fatal: the next place is tried. */
export class Rejection extends ToolError {
  readonly kind: PlacementKind;

  constructor(kind: PlacementKind, message: string, hint?: string, cause?: unknown) {
    super('PLACEMENT', message, { hint, cause });
    this.kind = kind;
  }
}

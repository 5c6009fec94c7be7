import { ToolError } from '../errors.ts';

/** The placements of a leaf, in the order in which they are tried. */
export type PlacementKind = 'parent' | 'systemd' | 'top' | 'own' | 'process-tree';

/** Why a placement is not possible, and what would make it possible. Not fatal: the next one is tried. */
export class Rejection extends ToolError {
  readonly kind: PlacementKind;

  constructor(kind: PlacementKind, message: string, hint?: string, cause?: unknown) {
    super('PLACEMENT', message, { hint, cause });
    this.kind = kind;
  }
}

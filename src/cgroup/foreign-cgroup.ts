/** A cgroup that other programs made: it is read, and never changed. */
import { listNested, listProcesses } from './subtree.ts';

/** A cgroup that is measured. */
export interface MeasuredCgroup {
  readonly version: 1 | 2;
  /** The directory in the memory hierarchy. */
  readonly directory: string;
  /**
   * The pids in it and in the cgroups below it.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  processes(): number[];
  /**
   * The cgroups below it, as paths to show.
   * @throws an error with the errno if a cgroup cannot be read.
   */
  nested(): string[];
}

/** See {@link MeasuredCgroup}. */
export class ForeignCgroup implements MeasuredCgroup {
  readonly version: 1 | 2;
  readonly directory: string;

  constructor({ version, directory }: Pick<MeasuredCgroup, 'version' | 'directory'>) {
    this.version = version;
    this.directory = directory;
  }

  processes(): number[] {
    return listProcesses(this.directory);
  }

  nested(): string[] {
    return listNested(this.directory);
  }
}

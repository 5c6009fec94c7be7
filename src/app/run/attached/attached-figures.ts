/** The figures of cgroups that are attached to, one after the other: counters and maxima since then. */
import type { MeasuredCgroup } from '../../../cgroup/foreign-cgroup.ts';
import type { AttachedTo } from '../../../model/restarts.ts';
import { Containers } from '../../../sampler/attached/containers.ts';
import { type OwnPeak, openOwnPeak } from '../../../sampler/attached/own-peak.ts';
import { Segments } from '../../../sampler/attached/segments.ts';
import { SinceAttachment } from '../../../sampler/attached/since-attachment.ts';
import type { FigureReader } from '../../../sampler/figure-reader.ts';
import type { Sampler } from '../../../sampler/sampler.ts';
import type { Attachment } from './attached-target.ts';
import { AttachedMoves, type MoveParts } from './cgroup-moves.ts';
import { ListedRows } from './listed-rows.ts';

/** Opens the figures of a cgroup. @throws KernelFileError. */
type OpenReader = (cgroup: MeasuredCgroup, ownPeak: OwnPeak | undefined) => FigureReader;

/** Only loaded if a cgroup is attached to. */
export class AttachedFigures {
  /** The cgroup that was attached to first; undefined before `open`. */
  attached: AttachedTo | undefined;
  /** The cgroups that are measured one after the other. */
  readonly segments = new Segments();
  /** The maps and processes that the records have as present. */
  readonly listed = new ListedRows();
  /** Those of the pod that is attached to. */
  containers: Containers | undefined;
  readonly #attachment: Attachment;
  readonly #elapsedMs: () => number;
  readonly #openReader: OpenReader;
  #since: SinceAttachment | undefined;

  constructor(attachment: Attachment, elapsedMs: () => number, openReader: OpenReader) {
    this.#attachment = attachment;
    this.#elapsedMs = elapsedMs;
    this.#openReader = openReader;
  }

  /** Counters and the maximum of this cgroup start now. @throws KernelFileError. */
  open(cgroup: MeasuredCgroup): FigureReader {
    const { isNew, findContainers } = this.#attachment;
    const ownPeak = cgroup.version === 2 && !isNew ? openOwnPeak(cgroup.directory) : undefined;
    const reader = this.#openReader(cgroup, ownPeak);
    const attached = this.#attachment.describe(ownPeak === undefined ? 'creation' : 'attachment');
    this.attached ??= attached;
    this.segments.enter(cgroup, attached, this.#elapsedMs());
    this.#since = isNew ? undefined : new SinceAttachment();
    const figures = this.#since?.wrap(reader) ?? reader;
    if (findContainers === undefined) return figures;
    this.containers = new Containers(cgroup.version, findContainers);
    return withContainers(figures, this.containers, this.#elapsedMs);
  }

  /** From now on another cgroup with the same name may be measured. */
  follow(parts: Omit<MoveParts, 'attachment' | 'segments' | 'elapsedMs'>): AttachedMoves {
    const moves = new AttachedMoves({
      ...parts,
      attachment: this.#attachment,
      segments: this.segments,
      elapsedMs: this.#elapsedMs,
    });
    this.#attachment.follow(moves);
    return moves;
  }

  /** Events since the attachment; undefined if there are none. */
  readonly subtractEvents = (
    counts: Parameters<Sampler['noticeEvents']>[0],
  ): Parameters<Sampler['noticeEvents']>[0] | undefined =>
    this.#since === undefined ? counts : this.#since.subtractEvents(counts);
}

/** A reader that also reads the containers of a pod. */
function withContainers(
  figures: FigureReader,
  containers: Containers,
  elapsedMs: () => number,
): FigureReader {
  return {
    ...figures,
    read: async () => ({ ...(await figures.read()), containers: await containers.read(elapsedMs()) }),
    close: () => {
      figures.close();
      containers.close();
    },
  };
}

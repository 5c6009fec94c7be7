/** The figures of cgroups that are attached to, one after the other: counters and maxima since then. */
import type { MeasuredCgroup } from '../../cgroup/foreign-cgroup.ts';
import type { OnMalformed } from '../../kernel/flat-keyed.ts';
import type { AttachedTo } from '../../model/restarts.ts';
import { Containers } from '../../sampler/attached/containers.ts';
import { openOwnPeak } from '../../sampler/attached/own-peak.ts';
import { Segments } from '../../sampler/attached/segments.ts';
import { SinceAttachment } from '../../sampler/attached/since-attachment.ts';
import type { FigureReader } from '../../sampler/figure-reader.ts';
import type { Sampler } from '../../sampler/sampler.ts';
import { openLeafReader } from './open-readers.ts';
import type { Attachment } from './options.ts';

/** Only loaded if a cgroup is attached to. */
export class AttachedFigures {
  /** The cgroup that was attached to first; undefined before `open`. */
  attached: AttachedTo | undefined;
  /** The cgroups that are measured one after the other. */
  readonly segments = new Segments();
  /** Those of the pod that is attached to. */
  containers: Containers | undefined;
  readonly #attachment: Attachment;
  readonly #elapsedMs: () => number;
  readonly #onMalformed: OnMalformed;
  #since: SinceAttachment | undefined;

  constructor(attachment: Attachment, elapsedMs: () => number, onMalformed: OnMalformed) {
    this.#attachment = attachment;
    this.#elapsedMs = elapsedMs;
    this.#onMalformed = onMalformed;
  }

  /** Counters and the maximum of this cgroup start now. @throws KernelFileError. */
  open(cgroup: MeasuredCgroup): FigureReader {
    const { isNew, findContainers } = this.#attachment;
    const ownPeak = cgroup.version === 2 && !isNew ? openOwnPeak(cgroup.directory) : undefined;
    const reader = openLeafReader(cgroup, this.#onMalformed, ownPeak);
    const attached = this.#attachment.describe(ownPeak === undefined ? 'creation' : 'attachment');
    this.attached ??= attached;
    this.segments.enter(cgroup, attached, this.#elapsedMs());
    this.#since = isNew ? undefined : new SinceAttachment();
    const figures = this.#since?.wrap(reader) ?? reader;
    if (findContainers === undefined) return figures;
    this.containers = new Containers(cgroup.version, findContainers);
    return withContainers(figures, this.containers, this.#elapsedMs);
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

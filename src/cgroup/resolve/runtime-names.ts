/**
 * Names of containers and pods that their cgroups do not have: from the sockets and the files of the
 * runtimes, the logs of the kubelet, and the environment of the processes.
 */
import { join } from 'node:path';
import { errnoOf } from '../../errors.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { CgroupOwner } from '../names/cgroup-owner.ts';
import type { LookedAt } from './looked-at.ts';
import {
  listDirectory,
  objectAt,
  objectsIn,
  readBounded,
  readJsonFile,
  requestJson,
  textAt,
  textsAt,
} from './state-file.ts';

/** The name of a pod. */
export interface PodName {
  /** Absent if only the environment of a process names the pod. */
  namespace?: string;
  name: string;
}

/** What a container is called. */
export interface ContainerName {
  /** None if the runtime has no name for it. */
  name?: string;
  /** With Kubernetes. */
  pod?: PodName;
}

/** A container or a pod, and what is around its cgroup. */
export interface NamedOwner {
  owner: CgroupOwner;
  /** The user whose session manager it is below; undefined for those of the host. */
  uid: number | undefined;
  /** The pids in its cgroup. */
  processes: () => number[];
}

const KUBERNETES = 'io.kubernetes.';
const CRI = 'io.kubernetes.cri.';

/** Reads names, each source once. */
export class RuntimeNames {
  readonly #root: string;
  readonly #looked: LookedAt;
  readonly #lists = new Map<string, Promise<ReadonlyMap<string, ContainerName>>>();
  #podLogs: ReadonlyMap<string, PodName> | undefined;

  /** `root` is put before all paths; only tests have one. */
  constructor(looked: LookedAt, root = '') {
    this.#looked = looked;
    this.#root = root;
  }

  /** What a container is called; empty if nothing has a name for it. */
  async ofContainer({ owner, uid }: NamedOwner): Promise<ContainerName> {
    const { runtime, id } = owner;
    if (id === undefined) return { name: owner.name };
    switch (runtime) {
      case 'docker':
        return (await this.#listed('docker', uid)).get(id) ?? this.#dockerFile(id, uid);
      case 'podman':
        return (await this.#listed('podman', uid)).get(id) ?? {};
      case 'cri-o':
        return this.#crioFile(id);
      default:
        return this.#containerdFile(owner, id) ?? this.#logs().get(id) ?? {};
    }
  }

  /** What a pod is called; undefined if nothing has a name for it. */
  async ofPod(
    { owner, uid, processes }: NamedOwner,
    containers: readonly NamedOwner[],
  ): Promise<PodName | undefined> {
    const { id = '' } = owner;
    if (owner.runtime === 'podman') {
      const name = (await this.#listed('podman-pods', uid)).get(id)?.name;
      // Without its socket podman keeps the names of pods in a database.
      if (name !== undefined) return { name };
      return this.#hostName(processes(), { sign: 'container=podman', ids: idsOf(containers) });
    }
    const logged = this.#pods().get(id);
    if (logged !== undefined) return logged;
    for (const container of containers) {
      const { pod } = await this.ofContainer(container);
      if (pod !== undefined) return pod;
    }
    return this.#hostName(processes(), { ids: idsOf(containers) });
  }

  #listed(
    source: 'docker' | 'podman' | 'podman-pods',
    uid: number | undefined,
  ): Promise<ReadonlyMap<string, ContainerName>> {
    const key = `${source} ${uid ?? ''}`;
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list = this.#list(source, uid);
    this.#lists.set(key, list);
    return list;
  }

  async #list(
    source: 'docker' | 'podman' | 'podman-pods',
    uid: number | undefined,
  ): Promise<Map<string, ContainerName>> {
    const run = uid === undefined ? '/run' : `/run/user/${uid}`;
    const [socket, path] =
      source === 'docker'
        ? [`${run}/docker.sock`, '/containers/json']
        : [`${run}/podman/podman.sock`, `/v4.0.0/libpod/${source === 'podman' ? 'containers' : 'pods'}/json`];
    const answer = await this.#try(socket, (at) => requestJson(at, path));
    const names = new Map<string, ContainerName>();
    for (const each of objectsIn(answer)) {
      const id = textAt(each, 'Id');
      const name = textsAt(each, 'Names')[0]?.replace(/^\//, '') ?? textAt(each, 'Name');
      if (id !== undefined) names.set(id, containerName(name, objectAt(each, 'Labels')));
    }
    if (source !== 'podman') return names;
    for (const file of this.#podmanFiles(uid)) {
      for (const each of objectsIn(this.#trySync(file, readJsonFile))) {
        const id = textAt(each, 'id');
        if (id !== undefined && !names.has(id)) names.set(id, containerName(textsAt(each, 'names')[0], {}));
      }
    }
    return names;
  }

  /** The lists of containers in the storage of podman: by driver, and apart those with `--rm`. */
  #podmanFiles(uid: number | undefined): string[] {
    const home = uid === undefined ? undefined : this.#homeOf(uid);
    const graphRoot =
      home === undefined ? '/var/lib/containers/storage' : `${home}/.local/share/containers/storage`;
    const runRoot = uid === undefined ? '/run/containers/storage' : `/run/user/${uid}/containers`;
    const file =
      home === undefined ? '/etc/containers/storage.conf' : `${home}/.config/containers/storage.conf`;
    const settings = this.#trySync(file, readBounded) ?? '';
    const places = [
      { root: setting(settings, 'graphroot') ?? graphRoot, list: 'containers.json' },
      { root: setting(settings, 'runroot') ?? runRoot, list: 'volatile-containers.json' },
    ];
    return places.flatMap(({ root, list }) => {
      const entries = this.#trySync(root, listDirectory) ?? [];
      return entries
        .filter((name) => name.endsWith('-containers'))
        .map((driver) => `${root}/${driver}/${list}`);
    });
  }

  async #dockerFile(id: string, uid: number | undefined): Promise<ContainerName> {
    const data = uid === undefined ? '/var/lib/docker' : `${this.#homeOf(uid)}/.local/share/docker`;
    const config = await this.#try(`${data}/containers/${id}/config.v2.json`, readJsonFile);
    return containerName(
      textAt(config, 'Name')?.replace(/^\//, ''),
      objectAt(objectAt(config, 'Config'), 'Labels'),
    );
  }

  #containerdFile({ namespace = 'k8s.io', runtime }: CgroupOwner, id: string): ContainerName | undefined {
    const namespaces =
      runtime === 'containerd' && namespace !== 'default' ? [namespace, 'default'] : [namespace];
    for (const each of namespaces) {
      const path = `/run/containerd/io.containerd.runtime.v2.task/${each}/${id}/config.json`;
      const config = this.#trySync(path, readJsonFile);
      if (config === undefined) continue;
      const annotations = objectAt(config, 'annotations');
      const name = textAt(annotations, `${CRI}container-name`) ?? textAt(annotations, 'nerdctl/name');
      const pod = textAt(annotations, `${CRI}sandbox-name`);
      const ofPod = textAt(annotations, `${CRI}sandbox-namespace`);
      return { ...(name === undefined ? {} : { name }), ...podOf(pod, ofPod) };
    }
    return undefined;
  }

  #crioFile(id: string): ContainerName {
    const path = `/run/containers/storage/overlay-containers/${id}/userdata/config.json`;
    const annotations = objectAt(this.#trySync(path, readJsonFile), 'annotations');
    return containerName(textAt(annotations, `${KUBERNETES}container.name`), annotations);
  }

  /** The logs of the kubelet: `<pod>_<namespace>_<container>-<id>.log`. */
  #logs(): ReadonlyMap<string, ContainerName> {
    const names = new Map<string, ContainerName>();
    for (const file of this.#trySync('/var/log/containers', listDirectory) ?? []) {
      const [, pod = '', namespace = '', name = '', id = ''] =
        /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/.exec(file) ?? [];
      if (id !== '') names.set(id, { name, pod: { namespace, name: pod } });
    }
    return names;
  }

  /** The directories of logs: `<namespace>_<pod>_<uid>`. */
  #pods(): ReadonlyMap<string, PodName> {
    if (this.#podLogs !== undefined) return this.#podLogs;
    const names = new Map<string, PodName>();
    for (const directory of this.#trySync('/var/log/pods', listDirectory) ?? []) {
      const [, namespace = '', name = '', uid = ''] =
        /^([^_]+)_([^_]+)_([0-9a-f-]{32,36})$/.exec(directory) ?? [];
      if (uid !== '') names.set(uid, { namespace, name });
    }
    this.#podLogs = names;
    return names;
  }

  /**
   * The name of a pod is the host name of its containers, unless they have the network of the host. Without a
   * container that holds the namespaces of the pod, each has the start of its id as its own.
   */
  #hostName(
    pids: readonly number[],
    { sign, ids }: { sign?: string; ids: readonly string[] },
  ): PodName | undefined {
    for (const pid of pids) {
      const path = `/proc/${pid}/environ`;
      let words: string[];
      try {
        words = readPseudoFile(join(this.#root, path)).split('\0');
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ESRCH') this.#looked.failed(path, error);
        continue;
      }
      this.#looked.add(path);
      const isInCluster = words.some((word) => word === sign || word.startsWith('KUBERNETES_SERVICE_HOST='));
      const name = words.find((word) => word.startsWith('HOSTNAME='))?.slice('HOSTNAME='.length);
      if (!isInCluster || name === undefined || name === '') continue;
      if (!ids.some((id) => id.startsWith(name))) return { name };
    }
    return undefined;
  }

  #homeOf(uid: number): string {
    const users = this.#trySync('/etc/passwd', readBounded) ?? '';
    const user = users.split('\n').map((line) => line.split(':'));
    return user.find((fields) => fields[2] === String(uid))?.[5] ?? `/home/${uid}`;
  }

  async #try<T>(path: string, read: (path: string) => T | Promise<T>): Promise<T | undefined> {
    try {
      const value = await read(join(this.#root, path));
      this.#looked.add(path);
      return value;
    } catch (error) {
      this.#looked.failed(path, error);
      return undefined;
    }
  }

  #trySync<T>(path: string, read: (path: string) => T): T | undefined {
    try {
      const value = read(join(this.#root, path));
      this.#looked.add(path);
      return value;
    } catch (error) {
      this.#looked.failed(path, error);
      return undefined;
    }
  }
}

/** A text of a TOML file such as `graphroot = "/srv/containers"`; undefined if it has none of its own. */
function setting(toml: string, key: string): string | undefined {
  const [, value = ''] = new RegExp(`^\\s*${key}\\s*=\\s*"(/[^"\\\\]*)"`, 'm').exec(toml) ?? [];
  return value === '' ? undefined : value.replace(/\/+$/, '');
}

function containerName(name: string | undefined, labels: Record<string, unknown>): ContainerName {
  // docker's names of the containers of Kubernetes contain more than this.
  const own = textAt(labels, `${KUBERNETES}container.name`) ?? name;
  const pod = podOf(textAt(labels, `${KUBERNETES}pod.name`), textAt(labels, `${KUBERNETES}pod.namespace`));
  return { ...(own === undefined ? {} : { name: own }), ...pod };
}

function podOf(name: string | undefined, namespace: string | undefined): { pod?: PodName } {
  return name === undefined ? {} : { pod: { name, ...(namespace === undefined ? {} : { namespace }) } };
}

function idsOf(containers: readonly NamedOwner[]): string[] {
  return containers.flatMap(({ owner }) => owner.id ?? []);
}

/** Finds the cgroup that a user means by its path, or by what runs in it. */
import { join, resolve } from 'node:path';
import { errnoOf, ToolError, UsageError } from '../../errors.ts';
import { plural } from '../../format/plural.ts';
import { safeText } from '../../format/safe-text.ts';
import { explainHiddenProcesses } from '../../kernel/procfs/hidden-processes.ts';
import { listAllProcesses } from '../../kernel/procfs/process-tree.ts';
import {
  cgroupAt,
  directoryOfPid,
  type FoundCgroup,
  findCgroup,
  findRootCgroup,
  isCgroup,
  nearestCgroupName,
} from '../find-cgroup.ts';
import { type CgroupOwner, ownersOf } from '../names/cgroup-owner.ts';
import { visitNested } from '../subtree.ts';
import { LookedAt } from './looked-at.ts';
import { containersByPod, type OwnedCgroup, ownerAt } from './owner-at.ts';
import { type PodName, RuntimeNames } from './runtime-names.ts';

/** The ways to name a target; without one of them, a word is tried in this order. */
export const TARGET_FORMS = ['path', 'pid', 'unit', 'container', 'pod', 'comm'] as const;

export type TargetForm = (typeof TARGET_FORMS)[number];

/** A cgroup, and how it was found. */
export interface ResolvedTarget extends FoundCgroup {
  form: TargetForm;
  /** Finds the same again, also after a restart if it is a name: `unit:nginx.service`. */
  target: string;
  /** Its owner and what that is in, outermost first; empty if its path names none. */
  owners: CgroupOwner[];
}

/** Of the host; tests have their own. */
export interface ResolveFacts {
  root: (option: string) => FoundCgroup;
  listProcesses: () => { pid: number; comm: string }[];
  directoryOfPid: (pid: number) => string | undefined;
  /** Why the list is not complete. */
  hiddenProcesses: () => { reason: string; hint: string } | undefined;
  /** What is put before the paths of files and sockets. */
  filesBelow: string;
}

const HOST: ResolveFacts = {
  root: findRootCgroup,
  listProcesses: listAllProcesses,
  directoryOfPid,
  hiddenProcesses: explainHiddenProcesses,
  filesBelow: '',
};

/** One cgroup that a name may mean. */
interface Match {
  directory: string;
  target: string;
  /** For a list of several. */
  shown: string;
}

/** The length of names of processes. Source: TASK_COMM_LEN in include/linux/sched.h. */
const COMM_LENGTH = 15;
/** A shorter beginning of an id may be a word. */
const MIN_ID_LENGTH = 4;
const MAX_LISTED = 10;

/**
 * The cgroup that `text` names: as `FORM:NAME`, or as a word that is tried in the order of the forms.
 * @throws UsageError that names `option`: nothing has the name, or several cgroups have it.
 */
export async function resolveTarget(
  text: string,
  option: string,
  facts: ResolveFacts = HOST,
): Promise<ResolvedTarget> {
  return new Resolution(text, option, facts).resolve();
}

/**
 * All cgroups that a target has now, as it was resolved before (`ResolvedTarget.target`); none if it is gone.
 * @throws ToolError if the hierarchy cannot be read.
 */
export async function findTargets(
  { target, form }: Pick<ResolvedTarget, 'target' | 'form'>,
  facts: ResolveFacts = HOST,
): Promise<ResolvedTarget[]> {
  return new Resolution(target, 'attach', facts).findAll(form);
}

/**
 * The containers below a cgroup, with the names that their runtimes have for them, without the monitors.
 * @throws an error with the errno if the cgroup is gone.
 */
export async function findContainers(
  { directory, path }: Pick<FoundCgroup, 'directory' | 'path'>,
  filesBelow = '',
): Promise<{ directory: string; cgroup: string; name?: string }[]> {
  const names = new RuntimeNames(new LookedAt(), filesBelow);
  const root = directory.slice(0, directory.length - path.length);
  const inside = listCgroups(directory, root).filter(isOfContainer);
  return Promise.all(
    inside.map(async (each) => {
      const { name } = await names.ofContainer(ownerAt(each));
      const cgroup = each.path.slice(path.length + 1);
      return { directory: each.directory, cgroup, ...(name === undefined ? {} : { name }) };
    }),
  );
}

class Resolution {
  readonly #text: string;
  readonly #option: string;
  readonly #facts: ResolveFacts;
  readonly #root: FoundCgroup;
  readonly #looked = new LookedAt();
  readonly #names: RuntimeNames;
  #listed: ListedCgroup[] | undefined;

  constructor(text: string, option: string, facts: ResolveFacts) {
    this.#text = text;
    this.#option = option;
    this.#facts = facts;
    this.#root = facts.root(option);
    this.#names = new RuntimeNames(this.#looked, facts.filesBelow);
  }

  async resolve(): Promise<ResolvedTarget> {
    const isPath = this.#isPath(this.#text);
    const [, prefix, rest = ''] = /^(unit|container|pod|comm):(.+)$/s.exec(this.#text) ?? [];
    const given = prefix as Exclude<TargetForm, 'path' | 'pid'> | undefined;
    if (given !== undefined && !isPath) return this.#one(given, await this.#find(given, rest));
    const isPid = /^(?:pid:)?[1-9]\d*$/.test(this.#text);
    if (isPid || isPath || this.#text.startsWith('/')) {
      const found = findCgroup(this.#text, this.#option, this.#root);
      const isOfPid = isPid && !isPath;
      const target = isOfPid ? `pid:${this.#text.replace('pid:', '')}` : found.path;
      return this.#described(isOfPid ? 'pid' : 'path', found, target);
    }
    for (const form of ['unit', 'container', 'pod', 'comm'] as const) {
      const matches = await this.#find(form, this.#text);
      if (matches.length > 0) return this.#one(form, matches);
    }
    throw this.#nothing('cgroup, process, unit, container, pod or command');
  }

  /** Everything that has the name; `text` has the form in it. */
  async findAll(form: TargetForm): Promise<ResolvedTarget[]> {
    if (form === 'path' || form === 'pid') {
      const directory = join(this.#root.mountPoint, this.#text);
      if (form === 'pid' || !isCgroup(directory)) return [];
      return [this.#described(form, cgroupAt(this.#root, directory), this.#text)];
    }
    const matches = await this.#find(form, this.#text.slice(form.length + 1));
    return matches.map(({ directory, target }) =>
      this.#described(form, cgroupAt(this.#root, directory), target),
    );
  }

  /** Whether it is a cgroup by its path; the root is only `/`. */
  #isPath(text: string): boolean {
    const { mountPoint } = this.#root;
    const absolute = resolve(text);
    return isCgroup(join(mountPoint, text)) || (absolute.startsWith(`${mountPoint}/`) && isCgroup(absolute));
  }

  #find(form: Exclude<TargetForm, 'path' | 'pid'>, name: string): Match[] | Promise<Match[]> {
    switch (form) {
      case 'unit':
        return this.#findUnit(name);
      case 'container':
        return this.#findContainer(name);
      case 'pod':
        return this.#findPod(name);
      case 'comm':
        return this.#findComm(name);
    }
  }

  #one(form: TargetForm, matches: readonly Match[]): ResolvedTarget {
    const [first, second] = matches;
    if (first === undefined) throw this.#nothing(form === 'comm' ? 'process' : form);
    if (second !== undefined) throw this.#several(matches);
    return this.#described(form, cgroupAt(this.#root, first.directory), first.target);
  }

  #described(form: TargetForm, found: FoundCgroup, target: string): ResolvedTarget {
    return { ...found, form, target, owners: ownersOf(found.path) };
  }

  #nothing(what: string): UsageError {
    const { mountPoint } = this.#root;
    const detail = [
      'looked at:',
      `  ${mountPoint}: ${plural(this.#cgroups().length, 'cgroup')}`,
      ...this.#looked.describe().map((line) => `  ${safeText(line)}`),
    ].join('\n');
    const nearest = nearestCgroupName(this.#text, mountPoint);
    const hint = nearest === undefined ? this.#looked.hint : `did you mean ${nearest}?`;
    return new UsageError(
      this.#option,
      `${this.#option} ${this.#text}: no ${what} has this name`,
      hint,
      detail,
    );
  }

  #several(matches: readonly Match[]): UsageError {
    const shown = matches.slice(0, MAX_LISTED).map((match) => `  ${safeText(match.shown)}`);
    if (matches.length > MAX_LISTED) shown.push(`  and ${matches.length - MAX_LISTED} more`);
    return new UsageError(
      this.#option,
      `${this.#option} ${this.#text}: ${matches.length} cgroups have this name`,
      'give the path of one of them',
      shown.join('\n'),
    );
  }

  /** All cgroups, those above others first. */
  #cgroups(): readonly ListedCgroup[] {
    this.#listed ??= listCgroups(this.#root.directory);
    return this.#listed;
  }

  /** The units of the host; if none has the name, those in containers. */
  #findUnit(name: string): Match[] {
    const names = /\.(?:service|scope|slice|socket|mount|swap)$/.test(name) ? [name] : [`${name}.service`];
    const found = this.#cgroups().filter(
      ({ owner }) => owner !== undefined && names.includes(unitOf(owner) ?? ''),
    );
    const ofHost = found.filter(({ owners }) => !owners.some(isContainer));
    return (ofHost.length > 0 ? ofHost : found).map((each) => ({
      directory: each.directory,
      target: `unit:${names[0]}`,
      shown: each.path,
    }));
  }

  async #findContainer(name: string): Promise<Match[]> {
    const containers = this.#cgroups().filter(isOfContainer);
    const byId = containers.filter(({ owner }) => isIdOf(owner, name));
    const found = byId.length > 0 ? byId : await this.#containersCalled(name, containers);
    return found.map(({ directory, path, owner }) => ({
      directory,
      // An id is that of one container: a name is also that of the next one.
      target: `container:${byId.length > 0 ? (owner.id ?? name) : name}`,
      shown: path,
    }));
  }

  async #containersCalled(name: string, containers: readonly ListedOwned[]): Promise<ListedOwned[]> {
    const found: ListedOwned[] = [];
    for (const each of containers) {
      const named = await this.#names.ofContainer(ownerAt(each));
      if (named.name === name || each.owner.name === name) found.push(each);
    }
    return found;
  }

  async #findPod(name: string): Promise<Match[]> {
    const pods = this.#cgroups().filter(isOfPod);
    const byId = pods.filter(({ owner }) => isIdOf(owner, name));
    const found = byId.length > 0 ? byId : await this.#podsCalled(name, pods);
    return found.map(({ directory, path, owner }) => ({
      directory,
      target: `pod:${byId.length > 0 ? (owner.id ?? name) : name}`,
      shown: path,
    }));
  }

  async #podsCalled(name: string, pods: readonly ListedOwned[]): Promise<ListedOwned[]> {
    const inside = containersByPod(this.#cgroups().filter(isOfContainer));
    const found: ListedOwned[] = [];
    for (const each of pods) {
      const named = await this.#names.ofPod(ownerAt(each), inside.get(each.path) ?? []);
      if (isCalled(named, name)) found.push(each);
    }
    return found;
  }

  #findComm(name: string): Match[] {
    const found = new Map<string, number[]>();
    let processes: { pid: number; comm: string }[] = [];
    try {
      processes = this.#facts.listProcesses();
    } catch (error) {
      this.#looked.failed('/proc', error);
    }
    const { length } = processes;
    if (length > 0) {
      const place = `/proc: ${length} ${length === 1 ? 'process' : 'processes'}`;
      this.#looked.incomplete(place, this.#facts.hiddenProcesses());
    }
    for (const { pid, comm } of processes) {
      if (comm !== name.slice(0, COMM_LENGTH) || pid === process.pid) continue;
      const directory = this.#directoryOf(pid);
      if (directory !== undefined) found.set(directory, [...(found.get(directory) ?? []), pid]);
    }
    return Array.from(found, ([directory, pids]) => ({
      directory,
      target: `comm:${name}`,
      shown: `${cgroupAt(this.#root, directory).path}  pid ${pids.slice(0, MAX_LISTED).join(', ')}`,
    }));
  }

  #directoryOf(pid: number): string | undefined {
    try {
      return this.#facts.directoryOfPid(pid);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      // It has exited, or hides from us.
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ESRCH') {
        this.#looked.failed(`/proc/${pid}/cgroup`, error);
      }
      return undefined;
    }
  }
}

interface ListedCgroup {
  directory: string;
  path: string;
  owners: CgroupOwner[];
  /** The owner of this cgroup itself; undefined if it is only below the cgroup of one. */
  owner: CgroupOwner | undefined;
}

/** Those below a directory of the hierarchy with this root. */
function listCgroups(below: string, root = below): ListedCgroup[] {
  const listed: ListedCgroup[] = [];
  visitNested(below, (_, directory) => {
    const path = directory.slice(root.length);
    const owners = ownersOf(path);
    const last = owners.at(-1);
    listed.push({ directory, path, owners, owner: last?.path === path ? last : undefined });
  });
  return listed.reverse();
}

type ListedOwned = ListedCgroup & OwnedCgroup;

function isOfContainer(cgroup: ListedCgroup): cgroup is ListedOwned {
  return cgroup.owner !== undefined && isContainer(cgroup.owner);
}

function isOfPod(cgroup: ListedCgroup): cgroup is ListedOwned {
  return cgroup.owner?.kind === 'pod';
}

function isContainer({ kind }: CgroupOwner): boolean {
  return kind === 'container' || kind === 'machine';
}

/** The unit of a cgroup: containers of systemd-nspawn and virtual machines have one too. */
function unitOf({ runtime, kind, name, path }: CgroupOwner): string | undefined {
  if (runtime === 'systemd' && kind !== 'machine') return name;
  const last = path.slice(path.lastIndexOf('/') + 1);
  return /\.(?:service|scope|slice)$/.test(last) ? last : undefined;
}

function isIdOf(owner: CgroupOwner | undefined, text: string): boolean {
  return text.length >= MIN_ID_LENGTH && owner?.id?.startsWith(text) === true;
}

/** `NAMESPACE/NAME`, or `NAME` in any namespace. A name from the environment has no namespace. */
function isCalled(pod: PodName | undefined, text: string): boolean {
  if (pod === undefined) return false;
  const slash = text.indexOf('/');
  if (slash < 0) return pod.name === text;
  const isInNamespace = pod.namespace === undefined || pod.namespace === text.slice(0, slash);
  return isInNamespace && pod.name === text.slice(slash + 1);
}

/** Programs that have another process, often a daemon, run a command for them: outside the run's cgroup. */
import { basename } from 'node:path';

/** A client, and how to measure what it starts. */
export interface DelegatingClient {
  name: string;
  hint: string;
}

interface Client {
  /** The subcommands that start a program; undefined if every call does. */
  verbs?: readonly string[];
  /** Subcommands that are followed by one of `verbs`. */
  groups?: readonly string[];
  /** Options before the subcommand, or between a group and it, whose value is the next word. */
  valued?: readonly string[];
  /** Words with which the program stays in the cgroup of the caller. */
  stays?: RegExp;
  hint: string;
}

const INSIDE = (how: string) => `measure it where it runs: ${how}`;
const CONTAINER_VERBS = ['run', 'start', 'exec', 'restart', 'build', 'buildx', 'up', 'create', 'play'];
const GROUPS = ['container', 'compose', 'pod', 'kube', 'image'];
/** The options of a list, separated by blanks. */
const options = (line: string) => line.split(' ');
const DOCKER_OPTIONS = options(
  '-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey ' +
    '-f --file -p --project-name --project-directory --env-file --profile --ansi --parallel --progress',
);
const PODMAN_OPTIONS = options(
  '-c --connection --url --identity --ssh --log-level --cgroup-manager --config --conmon --events-backend --hooks-dir ' +
    '--imagestore --module --namespace --network-cmd-path --network-config-dir --out --root --runroot --runtime ' +
    '--runtime-flag --storage-driver --storage-opt --tmpdir --volumepath',
);
const NERDCTL_OPTIONS = options(
  '-n --namespace -a --address -H --host --snapshotter --storage-driver --cni-path --cni-netconfpath --data-root ' +
    '--cgroup-manager --hosts-dir -f --file -p --project-name --project-directory --env-file --profile',
);
const KUBECTL_OPTIONS = options(
  '-n --namespace --context --kubeconfig -s --server --cluster --user --as --as-group --as-uid --cache-dir ' +
    '--certificate-authority --client-certificate --client-key --token --tls-server-name --request-timeout -v',
);
const SYSTEMCTL_OPTIONS = options(
  '-H --host -M --machine -t --type --state -p --property --job-mode --root --image',
);
const INFORMATION = /^(?:-h|--help|--version)$/;

const container = (valued: readonly string[], hint: string, stays?: RegExp): Client => ({
  verbs: CONTAINER_VERBS,
  groups: GROUPS,
  valued,
  hint,
  ...(stays === undefined ? {} : { stays }),
});

const docker = container(
  DOCKER_OPTIONS,
  INSIDE('docker run --privileged --cgroupns=private IMAGE cmemstat -- COMMAND'),
);
const podman = container(
  PODMAN_OPTIONS,
  'keep the container in the cgroup of the run: podman run --cgroups=disabled IMAGE COMMAND',
  /^--cgroups[= ](?:disabled|split)$/,
);
const kubectl: Client = {
  verbs: ['run', 'exec', 'debug', 'attach', 'apply', 'create', 'rollout', 'scale', 'replace'],
  valued: KUBECTL_OPTIONS,
  hint: INSIDE('kubectl exec POD -- cmemstat -- COMMAND'),
};
const lxc: Client = {
  verbs: ['exec', 'start', 'launch', 'restart'],
  valued: ['--project'],
  hint: INSIDE('run cmemstat in the container'),
};

/** By the name of the program. */
const CLIENTS: ReadonlyMap<string, Client> = new Map<string, Client>([
  ['docker', docker],
  ['docker-compose', docker],
  ['podman', podman],
  ['podman-remote', { ...docker, hint: INSIDE('run cmemstat in the container') }],
  ['nerdctl', container(NERDCTL_OPTIONS, INSIDE('nerdctl run --privileged IMAGE cmemstat -- COMMAND'))],
  [
    'ctr',
    {
      verbs: ['run', 'start', 'exec'],
      groups: ['task', 'tasks', 't', 'container', 'containers', 'c'],
      valued: ['-n', '--namespace', '-a', '--address'],
      hint: INSIDE('run cmemstat in the container'),
    },
  ],
  ['crictl', { verbs: ['run', 'runp', 'start', 'exec'], hint: INSIDE('run cmemstat in the container') }],
  ['systemd-run', { hint: INSIDE('systemd-run cmemstat -- COMMAND') }],
  [
    'systemctl',
    {
      verbs: ['start', 'restart', 'try-restart', 'reload-or-restart', 'isolate'],
      valued: SYSTEMCTL_OPTIONS,
      hint: INSIDE('run cmemstat in ExecStart= of the unit'),
    },
  ],
  [
    'machinectl',
    {
      verbs: ['shell', 'start', 'login'],
      valued: options('-H --host -M --machine -E --setenv --uid'),
      hint: INSIDE('machinectl shell MACHINE /usr/bin/env cmemstat -- COMMAND'),
    },
  ],
  ['kubectl', kubectl],
  ['oc', kubectl],
  ['lxc', lxc],
  ['incus', lxc],
]);

/** Whether a process of this name may be a client; the kernel truncates names to 15 bytes. */
export function mayDelegate(comm: string): boolean {
  return CLIENTS.has(comm);
}

/**
 * The client that a command line calls to start a program elsewhere; undefined for other commands, and for
 * subcommands that start none (`docker ps`). `words` are those of `/proc/<pid>/cmdline`: an interpreter may
 * precede the script.
 */
export function findDelegatingClient(words: readonly string[]): DelegatingClient | undefined {
  for (const [at, word] of words.slice(0, 2).entries()) {
    const name = basename(word);
    const client = CLIENTS.get(name);
    // The second word is a script only if it is a path.
    if (client === undefined || (at === 1 && !word.includes('/'))) continue;
    const rest = words.slice(at + 1);
    return startsProgram(client, rest) ? { name, hint: client.hint } : undefined;
  }
  return undefined;
}

function startsProgram(
  { verbs, groups = [], valued = [], stays }: Client,
  words: readonly string[],
): boolean {
  const isStaying = words.some(
    (word, at) => stays?.test(word) === true || stays?.test(`${word} ${words[at + 1] ?? ''}`) === true,
  );
  if (isStaying) return false;
  if (verbs === undefined) return words[0] !== undefined && !INFORMATION.test(words[0]);
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (valued.includes(word)) at += 1;
    else if (!word.startsWith('-') && !groups.includes(word)) return verbs.includes(word);
  }
  return false;
}

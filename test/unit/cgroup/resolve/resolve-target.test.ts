import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ResolvedTarget, type ResolveFacts, resolveTarget } from '#src/cgroup/resolve/resolve-target.ts';
import { UsageError } from '#src/errors.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';
import { ID, NODE, UID, UID_SYSTEMD } from '../names/cgroup-paths-of-runtimes.ts';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  removeTrees();
});

/** A hierarchy with these cgroups, beside files of a host. */
function host(
  cgroups: readonly string[],
  files: Readonly<Record<string, string>> = {},
  processes: readonly { pid: number; comm: string; path: string }[] = [],
): { facts: ResolveFacts; root: string; resolve: (text: string) => Promise<ResolvedTarget> } {
  const tree: Record<string, string> = { 'cg/cgroup.procs': '', ...files };
  for (const path of cgroups) {
    const parts = path.split('/').filter((part) => part !== '');
    for (const index of parts.keys()) {
      const below = parts.slice(0, index + 1).join('/');
      const pids = processes.filter((each) => each.path === `/${below}`).map(({ pid }) => `${pid}\n`);
      tree[`cg/${below}/cgroup.procs`] = pids.join('');
    }
  }
  const root = makeTree(tree);
  const mountPoint = join(root, 'cg');
  const facts: ResolveFacts = {
    root: () => ({ version: 2, mountPoint, directory: mountPoint, path: '/' }),
    listProcesses: () => processes.map(({ pid, comm }) => ({ pid, comm })),
    directoryOfPid: (pid) => join(mountPoint, processes.find((each) => each.pid === pid)?.path ?? ''),
    hiddenProcesses: () => undefined,
    filesBelow: root,
  };
  return { facts, root, resolve: (text) => resolveTarget(text, 'attach', facts) };
}

async function serve(socket: string, answers: Readonly<Record<string, unknown>>): Promise<void> {
  mkdirSync(join(socket, '..'), { recursive: true });
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(JSON.stringify(answer ?? {}));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(socket, done));
}

async function errorOf(resolving: Promise<unknown>): Promise<UsageError> {
  const error = await resolving.then(
    () => undefined,
    (each: unknown) => each,
  );
  if (!(error instanceof UsageError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

const DOCKER = `/system.slice/docker-${ID}.scope`;
const PODMAN = `/machine.slice/libpod-${ID}.scope`;
const POD = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_SYSTEMD}.slice`;
const IN_POD = `${POD}/cri-containerd-${ID}.scope`;

describe('units', () => {
  it('are found by name, with and without the type, and as a word', async () => {
    const { resolve } = host(['/system.slice/nginx.service', '/system.slice/nginx.socket']);
    for (const text of ['unit:nginx.service', 'unit:nginx', 'nginx', 'nginx.service']) {
      expect(await resolve(text)).toMatchObject({
        path: '/system.slice/nginx.service',
        form: 'unit',
        target: 'unit:nginx.service',
      });
    }
    expect((await resolve('unit:system.slice')).path).toBe('/system.slice');
  });

  it('are those of the host, and those in containers only if it has none', async () => {
    const inside = `/lxc.payload.web/system.slice/nginx.service`;
    expect((await host([inside]).resolve('nginx')).path).toBe(inside);
    expect((await host([inside, '/system.slice/nginx.service']).resolve('nginx')).path).toBe(
      '/system.slice/nginx.service',
    );
  });

  it('of the same name in two session managers are listed and refused', async () => {
    const paths = [1000, 1001].map(
      (uid) => `/user.slice/user-${uid}.slice/user@${uid}.service/app.slice/a.service`,
    );
    const error = await errorOf(host(paths).resolve('unit:a.service'));
    expect(error.message).toBe('attach unit:a.service: 2 cgroups have this name');
    for (const path of paths) expect(error.detail).toContain(path);
  });
});

describe('paths and processes', () => {
  it('are found before everything else', async () => {
    const { resolve } = host(['/nginx', '/system.slice/nginx.service', '/7']);
    expect(await resolve('nginx')).toMatchObject({ path: '/nginx', form: 'path', target: '/nginx' });
    expect(await resolve('7')).toMatchObject({ path: '/7', form: 'path', target: '/7' });
  });

  it('by the name of a process find its cgroup, also if the kernel has cut the name', async () => {
    const processes = [
      { pid: 70_001, comm: 'kube-controller', path: '/a' },
      { pid: 70_002, comm: 'other', path: '/b' },
    ];
    const { resolve } = host(['/a', '/b'], {}, processes);
    for (const text of ['comm:kube-controller-manager', 'kube-controller']) {
      expect(await resolve(text)).toMatchObject({ path: '/a', form: 'comm' });
    }
  });

  it('of the same name in two cgroups are listed with their pids', async () => {
    const processes = ['/a', '/b'].map((path, index) => ({ pid: 70_001 + index, comm: 'x', path }));
    const error = await errorOf(host(['/a', '/b'], {}, processes).resolve('comm:x'));
    expect(error.detail).toBe('  /a  pid 70001\n  /b  pid 70002');
  });
});

describe('containers', () => {
  it.each([
    DOCKER,
    PODMAN,
    `/docker/${ID}`,
    `/kubepods/burstable/pod${UID}/${ID}`,
    `/docker/${NODE}/kubelet/kubepods/pod${UID}/${ID}`,
  ])('in %s are found by their id, without any file of a runtime', async (path) => {
    const { resolve } = host([path, `${path}/nested`]);
    for (const text of [`container:${ID}`, `container:${ID.slice(0, 12)}`, ID.slice(0, 12)]) {
      expect(await resolve(text)).toMatchObject({ path, form: 'container', target: `container:${ID}` });
    }
  });

  it('are listed if several ids begin so', async () => {
    const paths = ['1', '2'].map((end) => `/docker/${ID.slice(0, 63)}${end}`);
    const error = await errorOf(host(paths).resolve(`container:${ID.slice(0, 12)}`));
    expect(error.message).toContain('2 cgroups have this name');
  });

  it('of docker are found by name in its file', async () => {
    const file = { [`var/lib/docker/containers/${ID}/config.v2.json`]: JSON.stringify({ Name: '/web' }) };
    const found = await host([DOCKER], file).resolve('container:web');
    expect(found).toMatchObject({ path: DOCKER, target: 'container:web' });
  });

  it('of docker are found by name from its socket', async () => {
    const { root, resolve } = host([DOCKER]);
    await serve(join(root, 'run/docker.sock'), { '/containers/json': [{ Id: ID, Names: ['/web'] }] });
    expect((await resolve('web')).path).toBe(DOCKER);
  });

  it('of podman are found by name from its socket and in its storage, rootless ones in the home', async () => {
    const list = JSON.stringify([{ id: ID, names: ['db'] }]);
    const storage = 'containers/storage/overlay-containers/containers.json';
    expect((await host([PODMAN], { [`var/lib/${storage}`]: list }).resolve('db')).path).toBe(PODMAN);
    const rootless = `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`;
    const files = {
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n',
      [`home/ann/.local/share/${storage}`]: list,
    };
    expect((await host([rootless], files).resolve('db')).path).toBe(rootless);
    const { root, resolve } = host([rootless]);
    await serve(join(root, 'run/user/1000/podman/podman.sock'), {
      '/v4.0.0/libpod/containers/json': [{ Id: ID, Names: ['db'] }],
    });
    expect((await resolve('db')).path).toBe(rootless);
  });

  it('of podman are found in the storage of any driver, elsewhere, and with --rm', async () => {
    const list = JSON.stringify([{ id: ID, names: ['db'] }]);
    const found = async (files: Record<string, string>) => (await host([PODMAN], files).resolve('db')).path;
    expect(await found({ 'var/lib/containers/storage/vfs-containers/containers.json': list })).toBe(PODMAN);
    expect(await found({ 'run/containers/storage/overlay-containers/volatile-containers.json': list })).toBe(
      PODMAN,
    );
    expect(
      await found({
        'etc/containers/storage.conf': '[storage]\n# graphroot = "/no"\ngraphroot = "/srv/c/"\n',
        'srv/c/btrfs-containers/containers.json': list,
      }),
    ).toBe(PODMAN);
    const pod = `/machine.slice/machine-libpod_pod_${ID}.slice`;
    const environ = { 'proc/4711/environ': 'container=podman\0HOSTNAME=shop\0' };
    const { resolve } = host([pod], environ, [{ pid: 4711, comm: 'shop', path: pod }]);
    expect((await resolve('pod:shop')).path).toBe(pod);
  });

  it('of containerd and cri-o are found by the annotations in their files', async () => {
    const task = `run/containerd/io.containerd.runtime.v2.task/default/${ID}/config.json`;
    const nerdctl = { [task]: JSON.stringify({ annotations: { 'nerdctl/name': 'api' } }) };
    expect((await host([`/default/${ID}`], nerdctl).resolve('api')).path).toBe(`/default/${ID}`);
    const crio = `${POD}/crio-${ID}.scope`;
    const userdata = `run/containers/storage/overlay-containers/${ID}/userdata/config.json`;
    const annotations = { 'io.kubernetes.container.name': 'api' };
    expect((await host([crio], { [userdata]: JSON.stringify({ annotations }) }).resolve('api')).path).toBe(
      crio,
    );
  });

  it('are not found by what is not JSON, or by a link', async () => {
    const file = { [`var/lib/docker/containers/${ID}/config.v2.json`]: '{' };
    const error = await errorOf(host([DOCKER], file).resolve('container:web'));
    expect(error.message).toBe('attach container:web: no container has this name');
    expect(error.detail).toContain(`/var/lib/docker/containers/${ID}/config.v2.json: `);
    expect(error.detail).toContain('/run/docker.sock: no such file or directory');
  });
});

describe('pods', () => {
  it('are found by their UID, and by name in the logs of the kubelet', async () => {
    const { resolve } = host([IN_POD], { [`var/log/pods/default_web-0_${UID}/`]: '' });
    for (const text of [`pod:${UID}`, 'pod:default/web-0', 'pod:web-0', 'default/web-0', 'web-0']) {
      expect(await resolve(text)).toMatchObject({ path: POD, form: 'pod' });
    }
    expect((await errorOf(resolve('pod:other/web-0'))).message).toContain('no pod has this name');
    expect((await resolve('pod:default/web-0')).target).toBe('pod:default/web-0');
  });

  it('are found by the logs of their containers, and by the annotations of containerd', async () => {
    const logs = { [`var/log/containers/web-0_default_app-${ID}.log`]: '' };
    expect((await host([IN_POD], logs).resolve('pod:default/web-0')).path).toBe(POD);
    const task = `run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`;
    const annotations = {
      'io.kubernetes.cri.sandbox-name': 'web-0',
      'io.kubernetes.cri.sandbox-namespace': 'default',
    };
    const found = host([IN_POD], { [task]: JSON.stringify({ annotations }) });
    expect((await found.resolve('pod:default/web-0')).path).toBe(POD);
  });

  it('are found by the environment of a process in them', async () => {
    const environment = 'PATH=/bin\0HOSTNAME=web-0\0KUBERNETES_SERVICE_HOST=10.0.0.1\0';
    const files = { 'proc/70001/environ': environment };
    const { resolve } = host([IN_POD], files, [{ pid: 70_001, comm: 'app', path: IN_POD }]);
    expect((await resolve('pod:default/web-0')).path).toBe(POD);
  });

  it('of podman are found by id and by name', async () => {
    const path = `/machine.slice/machine-libpod_pod_${NODE}.slice`;
    const { root, resolve } = host([`${path}/libpod-${ID}.scope`]);
    await serve(join(root, 'run/podman/podman.sock'), {
      '/v4.0.0/libpod/pods/json': [{ Id: NODE, Name: 'shop' }],
      '/v4.0.0/libpod/containers/json': [],
    });
    expect((await resolve('pod:shop')).path).toBe(path);
    expect((await resolve(`pod:${NODE.slice(0, 12)}`)).path).toBe(path);
  });

  it('of podman are not called as one of their containers', async () => {
    const path = `/machine.slice/machine-libpod_pod_${NODE}.slice/libpod-${ID}.scope`;
    const named = (name: string) =>
      host([path], { 'proc/70001/environ': `container=podman\0HOSTNAME=${name}\0` }, [
        { pid: 70_001, comm: 'app', path },
      ]);
    expect((await named('shop').resolve('pod:shop')).path).toContain(NODE);
    const short = ID.slice(0, 12);
    expect((await errorOf(named(short).resolve(`pod:${short}`))).message).toContain('no pod has this name');
  });
});

describe('what is not found', () => {
  it('is refused with all that was looked at, made safe', async () => {
    const processes = [{ pid: 70_001, comm: 'x', path: '/a' }];
    const error = await errorOf(host([DOCKER, '/a'], {}, processes).resolve('no\u001bpe'));
    expect(error.detail?.split('\n')[1]).toMatch(/^ {2}.*\/cg: 3 cgroups$/);
    expect(error.detail).toContain('/proc: 1 process');
    expect(error.detail).not.toContain('\u001b');
  });

  it('is refused with a similar cgroup, if there is one', async () => {
    expect((await errorOf(host(['/nginx']).resolve('nginz'))).hint).toBe('did you mean /nginx?');
  });

  it('names the right that was missing', async () => {
    const { facts } = host(['/a']);
    const listProcesses = () => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES', errno: -13 });
    };
    const error = await errorOf(resolveTarget('comm:x', 'attach', { ...facts, listProcesses }));
    expect(error.detail).toContain('/proc: permission denied');
    expect(error.hint).toContain('sudo');
  });

  it('says that processes are hidden', async () => {
    const { facts } = host(['/a'], {}, [{ pid: 70_001, comm: 'y', path: '/a' }]);
    const hiddenProcesses = () => ({ reason: 'those of others are hidden', hint: 'add CAP_SYS_PTRACE' });
    const error = await errorOf(resolveTarget('comm:x', 'attach', { ...facts, hiddenProcesses }));
    expect(error.detail).toContain('/proc: 1 process: those of others are hidden');
    expect(error.hint).toBe('add CAP_SYS_PTRACE');
  });
});

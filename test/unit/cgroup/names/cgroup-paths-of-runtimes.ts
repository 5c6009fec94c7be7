/** Paths of cgroups as the runtimes make them, for tests of names and of their resolution. */

export const ID = '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945';
export const NODE = 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90';
export const UID = '0d2ffb0a-2d1b-4f4a-9d6a-3a2f6c0b8e11';
export const UID_SYSTEMD = UID.replaceAll('-', '_');
export const STATIC_UID = '8f7e6d5c4b3a29180f1e2d3c4b5a6978';

/** What a path's innermost owner is: kind, runtime and name. */
export const PATHS: readonly [path: string, kind: string, runtime: string | undefined, name: string][] = [
  [`/docker/${ID}`, 'container', 'docker', ID],
  [`/system.slice/docker-${ID}.scope`, 'container', 'docker', ID],
  [`/user.slice/user-1000.slice/user@1000.service/app.slice/docker-${ID}.scope`, 'container', 'docker', ID],
  [`/machine.slice/libpod-${ID}.scope`, 'container', 'podman', ID],
  [`/machine.slice/libpod-${ID}.scope/container`, 'container', 'podman', ID],
  [`/machine.slice/machine-libpod_pod_${NODE}.slice`, 'pod', 'podman', NODE],
  [`/machine.slice/machine-libpod_pod_${NODE}.slice/libpod-${ID}.scope`, 'container', 'podman', ID],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, 'container', 'podman', ID],
  [`/libpod_parent/libpod-${ID}`, 'container', 'podman', ID],
  [`/machine.slice/libpod-conmon-${ID}.scope`, 'monitor', 'podman', ID],
  [`/system.slice/nerdctl-${ID}.scope`, 'container', 'containerd', ID],
  [`/system.slice/cri-containerd-${ID}.scope`, 'container', 'containerd', ID],
  [`/default/${ID}`, 'container', 'containerd', ID],
  ['/default/web-1', 'container', 'containerd', 'web-1'],
  [`/k8s.io/${ID}`, 'container', 'containerd', ID],
  [`/kubepods/burstable/pod${UID}/${ID}`, 'container', undefined, ID],
  [`/kubepods/pod${UID}/${ID}`, 'container', undefined, ID],
  [`/kubepods/pod${UID}`, 'pod', 'kubernetes', UID],
  [`/kubepods/burstable/pod${STATIC_UID}`, 'pod', 'kubernetes', STATIC_UID],
  ['/kubepods/burstable', 'pods', 'kubernetes', 'burstable'],
  [`/kubepods/besteffort/pod${UID}/${ID}/kube-proxy`, 'container', undefined, ID],
  [`/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice`, 'pod', 'kubernetes', UID],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_SYSTEMD}.slice/cri-containerd-${ID}.scope`,
    'container',
    'containerd',
    ID,
  ],
  [`/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice/crio-${ID}.scope`, 'container', 'cri-o', ID],
  [`/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice/crio-${ID}.scope/container`, 'container', 'cri-o', ID],
  [`/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice/crio-conmon-${ID}.scope`, 'monitor', 'cri-o', ID],
  [`/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice/docker-${ID}.scope`, 'container', 'docker', ID],
  [
    `/system.slice/containerd.service/kubepods-burstable-pod${UID_SYSTEMD}.slice:cri-containerd:${ID}`,
    'container',
    'containerd',
    ID,
  ],
  [`/docker/${NODE}/kubelet/kubepods/besteffort/pod${UID}/${ID}`, 'container', undefined, ID],
  [
    `/system.slice/docker-${NODE}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${UID_SYSTEMD}.slice/cri-containerd-${ID}.scope`,
    'container',
    'containerd',
    ID,
  ],
  [`/docker/${NODE}/docker/${ID}`, 'container', 'docker', ID],
  [`/docker/${NODE}/system.slice/nginx.service`, 'service', 'systemd', 'nginx.service'],
  ['/lxc/web', 'container', 'lxc', 'web'],
  ['/lxc.payload.web/system.slice', 'slice', 'systemd', 'system.slice'],
  ['/lxc.payload.web', 'container', 'lxc', 'web'],
  ['/lxc.payload/web', 'container', 'lxc', 'web'],
  ['/lxc.monitor.web', 'monitor', 'lxc', 'web'],
  ['/machine.slice/systemd-nspawn@deb\\x2d12.service/payload', 'container', 'nspawn', 'deb-12'],
  ['/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2dvm.scope', 'machine', 'libvirt', 'web-vm'],
  ['/machine.slice/machine-build.scope', 'machine', 'systemd', 'build'],
  ['/system.slice/nginx.service', 'service', 'systemd', 'nginx.service'],
  [
    '/system.slice/system-postgresql.slice/postgresql@9.4-main.service',
    'service',
    'systemd',
    'postgresql@9.4-main.service',
  ],
  ['/system.slice/_cpu.service', 'service', 'systemd', 'cpu.service'],
  ['/system.slice/dev-hugepages.mount', 'mount', 'systemd', 'dev-hugepages.mount'],
  ['/user.slice/user-1000.slice/session-3.scope', 'session', 'systemd', 'session-3.scope'],
  ['/user.slice/user-1000.slice/session-c1.scope', 'session', 'systemd', 'session-c1.scope'],
  ['/user.slice/user-1000.slice/user@1000.service', 'user', 'systemd', 'user@1000.service'],
  ['/user.slice/user-1000.slice', 'slice', 'systemd', 'user-1000.slice'],
  ['/podruntime.slice', 'slice', 'systemd', 'podruntime.slice'],
  [
    '/system.slice/run-r0123456789abcdef0123456789abcdef.scope',
    'scope',
    'systemd',
    'run-r0123456789abcdef0123456789abcdef.scope',
  ],
  [`/ecs/task-1/${ID}`, 'container', undefined, ID],
  ['/cmemstat-123-4567', 'run', 'cmemstat', 'cmemstat-123-4567'],
  ['/system.slice/cmemstat-123-4567.scope/cmemstat-123-4567', 'run', 'cmemstat', 'cmemstat-123-4567'],
  ['/system.slice/cmemstat-123-4567-2.scope', 'run', 'cmemstat', 'cmemstat-123-4567-2.scope'],
  [`/../docker-${ID}.scope`, 'container', 'docker', ID],
];

/** Paths of which nothing is known. */
export const UNKNOWN = [
  '/',
  '',
  '/..',
  '/init',
  '/podruntime/kubelet',
  '/system/apid',
  '/pod1',
  `/pod${UID}`,
  `/${ID}`,
];

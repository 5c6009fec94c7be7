import { afterAll, describe, expect, it } from 'vitest';
import { CgroupLabels, type LabelledCgroup } from '#src/cgroup/resolve/cgroup-labels.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';
import { ID, UID } from '../names/cgroup-paths-of-runtimes.ts';

afterAll(removeTrees);

const pod = `/kubepods/burstable/pod${UID}`;
const cgroups: LabelledCgroup[] = [
  '/',
  '/system.slice/nginx.service',
  `/system.slice/docker-${ID}.scope`,
  `/system.slice/docker-${ID}.scope/init`,
  pod,
  `${pod}/${ID}`,
  '/plain',
].map((path, at) => ({ id: BigInt(at + 1), path, directory: `/nowhere${path}` }));

const names = (labels: CgroupLabels) => cgroups.map((cgroup) => labels.labelOf(cgroup).name);

describe('the names of cgroups', () => {
  it('come from paths alone at first', () => {
    const short = ID.slice(0, 12);
    expect(names(new CgroupLabels())).toEqual(['/', 'nginx.service', short, 'init', UID, short, 'plain']);
  });

  it('of containers and pods are queried once', async () => {
    const root = makeTree({
      [`var/lib/docker/containers/${ID}/config.v2.json`]: JSON.stringify({ Name: '/web' }),
      [`var/log/pods/shop_cart-0_${UID}/cart/0.log`]: '',
      [`run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/config.json`]: JSON.stringify({
        annotations: { 'io.kubernetes.cri.container-name': 'cart' },
      }),
    });
    const labels = new CgroupLabels(root);
    expect(await labels.resolve(cgroups)).toBe(true);
    expect(names(labels)).toEqual(['/', 'nginx.service', 'web', 'init', 'shop/cart-0', 'cart', 'plain']);
    expect(await labels.resolve(cgroups)).toBe(false);
  });

  it('are those of the new cgroup if a number is used again', () => {
    const labels = new CgroupLabels();
    labels.labelOf({ id: 1n, path: '/system.slice/a.service' });
    expect(labels.labelOf({ id: 1n, path: '/system.slice/b.service' }).name).toBe('b.service');
  });

  it('are ids where the path is too long for the kernel, and the processes cannot be read', async () => {
    const long = `/kubepods${`/${'x'.repeat(250)}`.repeat(17)}`;
    const cgroup = { id: 9n, path: `${long}/pod${UID}`, directory: `/nowhere${long}/pod${UID}` };
    const labels = new CgroupLabels(makeTree({}));
    expect(await labels.resolve([cgroup])).toBe(true);
    expect(labels.labelOf(cgroup).name).toBe(UID);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerOf, ownerOf, ownersOf } from '#src/cgroup/names/cgroup-owner.ts';
import { ID, NODE, PATHS, STATIC_UID, UID, UID_SYSTEMD, UNKNOWN } from './cgroup-paths-of-runtimes.ts';

/** Any name that the kernel takes: all but `/`, line feeds and NUL, and not the two that are directories. */
const anyName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 255 })
  .filter((name) => !/[/\n\0]/.test(name) && name !== '.' && name !== '..');
const anyPath = fc.array(anyName, { maxLength: 6 }).map((names) => `/${names.join('/')}`);

describe('the owner of a cgroup', () => {
  it.each(PATHS)('of %s is a %s of %s', (path, kind, runtime, name) => {
    const owner = ownerOf(path);
    expect({ kind: owner?.kind, runtime: owner?.runtime, name: owner?.name }).toEqual({
      kind,
      runtime,
      name,
    });
  });

  it.each(UNKNOWN)('is unknown for %j', (path) => {
    expect(ownersOf(path)).toEqual([]);
  });

  it('has the UID of a pod with dashes, whatever the driver', () => {
    for (const path of [`/kubepods/pod${UID}`, `/kubepods.slice/kubepods-pod${UID_SYSTEMD}.slice`]) {
      expect(ownerOf(path)?.id).toBe(UID);
    }
    expect(ownerOf(`/kubepods/pod${STATIC_UID}`)?.id).toBe(STATIC_UID);
  });

  it('has the user of a session manager and of the slice of a user', () => {
    expect(ownersOf('/user.slice/user-1000.slice/user@1000.service').map(({ uid }) => uid)).toEqual([
      undefined,
      1000,
      1000,
    ]);
  });

  it('has the namespace of containerd', () => {
    expect(ownerOf('/default/web')?.namespace).toBe('default');
  });

  it('does not take a monitor or the service of a container for the container', () => {
    expect(containerOf(`/machine.slice/libpod-conmon-${ID}.scope`)).toBeUndefined();
    expect(containerOf(`/docker/${ID}/system.slice/nginx.service`)?.id).toBe(ID);
  });

  it('lists what a container of a cluster in containers is in', () => {
    const path = `/docker/${NODE}/kubelet/kubepods/besteffort/pod${UID}/${ID}/nested`;
    expect(ownersOf(path).map((owner) => [owner.kind, owner.name, owner.path])).toEqual([
      ['container', NODE, `/docker/${NODE}`],
      ['pods', 'kubepods', `/docker/${NODE}/kubelet/kubepods`],
      ['pods', 'besteffort', `/docker/${NODE}/kubelet/kubepods/besteffort`],
      ['pod', UID, `/docker/${NODE}/kubelet/kubepods/besteffort/pod${UID}`],
      ['container', ID, `/docker/${NODE}/kubelet/kubepods/besteffort/pod${UID}/${ID}`],
    ]);
  });

  it('has both the pod and the container of a path that was made for the other driver', () => {
    const path = `/system.slice/containerd.service/kubepods-pod${UID_SYSTEMD}.slice:cri-containerd:${ID}`;
    expect(ownersOf(path).map(({ kind }) => kind)).toEqual(['slice', 'service', 'pod', 'container']);
  });

  it('is in a part of the path, for every name that a cgroup may have', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        for (const owner of ownersOf(path)) {
          expect(`${path}/`.startsWith(`${owner.path}/`)).toBe(true);
          expect(owner.name).not.toBe('');
        }
      }),
    );
  });

  it('is the same below every cgroup that nothing is known of, and for those below it', () => {
    const plain = anyName.filter(
      (name) => ownersOf(`/${name}`).length === 0 && !/^(?:docker|lxc)/.test(name),
    );
    const known = fc.constantFrom(...PATHS.filter(([path]) => !/^\/(?:default|k8s\.io|\.\.)/.test(path)));
    fc.assert(
      fc.property(plain, known, ([...name], [path, kind, runtime, owner]) => {
        const found = ownerOf(`/${name.join('')}${path}`);
        expect([found?.kind, found?.runtime, found?.name]).toEqual([kind, runtime, owner]);
      }),
    );
  });

  it('never takes a part of a name for an id', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f]{1,63}$/), (hex) => {
        const kinds = [`/system.slice/docker-${hex}.scope`, `/docker/${hex}`].map(
          (path) => ownerOf(path)?.kind,
        );
        expect(kinds).toEqual(['scope', undefined]);
      }),
    );
  });
});

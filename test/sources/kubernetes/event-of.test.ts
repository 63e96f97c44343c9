import { describe, expect, it } from 'vitest';
import { eventOf } from '../../../src/sources/kubernetes/event-of.ts';
import type { Resource } from '../../../src/sources/kubernetes/resource.ts';
import { kubernetesObject } from './objects.ts';

const DEPLOYMENTS: Resource = {
  plural: 'deployments',
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  isNamespaced: true,
};
const SECRETS: Resource = { plural: 'secrets', group: '', version: 'v1', kind: 'Secret', isNamespaced: true };
const CLUSTERS: Resource = {
  plural: 'clusterpersonas',
  group: 'dorgu.io',
  version: 'v1',
  kind: 'ClusterPersona',
  isNamespaced: false,
};
const change = { action: 'updated', key: 'shop/web', uid: 'u1', resourceVersion: '42' } as const;

describe('the event of a change', () => {
  it('has the plural of the resource as its type, and the UID and the version as its position', () => {
    const object = kubernetesObject('web', 42, { namespace: 'shop', uid: 'u1', spec: { replicas: 2 } });
    expect(eventOf({ ...change, object }, DEPLOYMENTS, false)).toEqual({
      type: 'deployments',
      action: 'updated',
      key: 'shop/web',
      at: 'u1/42',
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace: 'shop', name: 'web', uid: 'u1', resourceVersion: '42' },
        spec: { replicas: 2 },
      },
    });
  });

  it('leaves out who manages which field, and what kubectl applied last', () => {
    const { metadata, ...rest } = kubernetesObject('web', 42, { namespace: 'shop' });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":"…"}', team: 'blue' };
    const object = {
      ...rest,
      metadata: { ...metadata, managedFields: [{ manager: 'kubectl' }], annotations },
    };
    expect(eventOf({ ...change, object }, DEPLOYMENTS, false).object).toMatchObject({
      metadata: { annotations: { team: 'blue' } },
    });
    expect(JSON.stringify(eventOf({ ...change, object }, DEPLOYMENTS, false))).not.toMatch(
      /managed|last-applied/,
    );
  });

  it('never holds the data of a Secret, even if the API server sends it', () => {
    const object = kubernetesObject('web', 42, { data: { key: 'c2VjcmV0' }, stringData: { key: 'secret' } });
    const { object: shown } = eventOf({ ...change, object }, SECRETS, false);
    expect(Object.keys(shown as object)).toEqual(['apiVersion', 'kind', 'metadata']);
  });

  it("is the cluster that Dorgu's page reads, for a ClusterPersona", () => {
    const object = kubernetesObject('prod', 42, {
      spec: { environment: 'production' },
      status: { phase: 'Ready' },
    });
    expect(eventOf({ ...change, key: 'prod', object }, CLUSTERS, true)).toEqual({
      type: 'cluster',
      action: 'updated',
      key: 'prod',
      at: 'u1/42',
      object: { name: 'prod', spec: { environment: 'production' }, status: { phase: 'Ready' } },
    });
  });

  it('says more than a name for a cluster without fields, since the hub keeps no value that only names its object', () => {
    const object = kubernetesObject('prod', 42);
    expect(eventOf({ ...change, key: 'prod', object }, CLUSTERS, true).object).toEqual({
      name: 'prod',
      spec: {},
    });
  });

  it('names the object that went while nobody watched it', () => {
    const gone = { ...change, action: 'deleted' } as const;
    expect(eventOf(gone, DEPLOYMENTS, false).object).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'shop', name: 'web', uid: 'u1' },
    });
    expect(eventOf({ ...gone, key: 'prod' }, CLUSTERS, true).object).toEqual({ name: 'prod' });
  });
});

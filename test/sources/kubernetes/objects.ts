import type { KubernetesObject } from '../../../src/sources/kubernetes/object.ts';

/** An object of Kubernetes as it is listed. */
export function kubernetesObject(
  name: string,
  resourceVersion: number,
  {
    namespace,
    uid = `uid-of-${name}`,
    ...fields
  }: { namespace?: string; uid?: string; [field: string]: unknown } = {},
): KubernetesObject {
  return {
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      resourceVersion: String(resourceVersion),
    },
    ...fields,
  };
}

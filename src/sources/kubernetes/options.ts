/** The resource of Dorgu's operator, whose objects Dorgu's page shows as clusters. */
export const DORGU_CLUSTERS = 'clusterpersonas.v1.dorgu.io';

export interface KubernetesOptions {
  /** A comma list; without one, the clusters alone. */
  readonly resources?: string;
  /** The resource whose objects are published as clusters. */
  readonly clusters: string;
  /** A comma list; without one, all namespaces. */
  readonly namespaces?: string;
  /** As Kubernetes writes a selector of labels. */
  readonly selector?: string;
  readonly kubeconfig?: string;
  readonly kubeContext?: string;
}

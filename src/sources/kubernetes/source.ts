import { UsageError } from '../../clients/cli/errors.ts';
import type { RunSource } from '../source.ts';
import { AccessError, type Access } from './access.ts';
import { inClusterAccess, isInCluster } from './in-cluster.ts';
import { kubeconfigAccess } from './kubeconfig.ts';
import type { KubernetesOptions } from './options.ts';
import { runKubernetes } from './run.ts';
import { namespacesOf, watchedOf } from './settings.ts';

/** The source that these options describe. @throws UsageError, CommandError */
export async function kubernetesSource(options: KubernetesOptions): Promise<RunSource> {
  const settings = {
    watched: watchedOf(options.resources, options.clusters),
    namespaces: namespacesOf(options.namespaces),
    labelSelector: options.selector,
  };
  const access = await accessOf(options);
  return (context) => runKubernetes(context, { settings, access });
}

/** The kubeconfig where one is named; else the service account of the pod; else the kubeconfig of the user. */
async function accessOf({ kubeconfig, kubeContext }: KubernetesOptions): Promise<Access> {
  const { env } = process;
  try {
    return kubeconfig === undefined && kubeContext === undefined && isInCluster(env)
      ? await inClusterAccess(env)
      : await kubeconfigAccess(env, kubeconfig, kubeContext);
  } catch (cause) {
    if (!(cause instanceof AccessError)) throw cause;
    throw new UsageError(cause.message, { cause, see: 'command#belfry-source-kubernetes' });
  }
}

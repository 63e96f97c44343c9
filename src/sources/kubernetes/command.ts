import { examples, type AddCommand } from '../../clients/cli/command.ts';
import { asSource, sourceCommand } from '../command.ts';
import { variableOption, type SourceOptions } from '../options.ts';
import { DORGU_CLUSTERS, type KubernetesOptions } from './options.ts';

/** `belfry source kubernetes`: the changes of resources of a Kubernetes cluster. */
export const addKubernetes: AddCommand = (sources) => {
  const command = sourceCommand(sources, 'kubernetes', 'kubernetes').description(
    'Publish what is added, updated and deleted in a Kubernetes cluster. Of several processes with one name, one publishes.',
  );
  variableOption(command, {
    flags: '--resources <list>',
    description: 'what to watch, as kubectl names it: deployments.apps,pods',
    variable: 'BELFRY_SOURCE_RESOURCES',
  });
  variableOption(command, {
    flags: '--clusters <resource>',
    description: 'the resource that is published as the clusters of Dorgu',
    variable: 'BELFRY_SOURCE_CLUSTERS',
    usual: [DORGU_CLUSTERS, DORGU_CLUSTERS],
  });
  variableOption(command, {
    flags: '--namespaces <list>',
    description: 'watch only these namespaces',
    variable: 'BELFRY_SOURCE_NAMESPACES',
  });
  variableOption(command, {
    flags: '--selector <selector>',
    description: 'watch only objects with these labels: app=web,tier!=test',
    variable: 'BELFRY_SOURCE_SELECTOR',
  });
  variableOption(command, {
    flags: '--kubeconfig <file>',
    description: 'how to reach the cluster from outside; within one, the service account says so',
    variable: 'BELFRY_SOURCE_KUBECONFIG',
  });
  variableOption(command, {
    flags: '--kube-context <name>',
    description: 'the context of the kubeconfig',
    variable: 'BELFRY_SOURCE_KUBE_CONTEXT',
  });
  command.action(async (options: SourceOptions & KubernetesOptions) => {
    const { kubernetesSource } = await import('./source.ts');
    await asSource('kubernetes', options, await kubernetesSource(options));
  });
  examples(command, {
    'belfry source kubernetes': "Dorgu's clusters, of the cluster in which it runs or of the kubeconfig",
    'belfry source kubernetes --resources deployments.apps,pods --namespaces shop':
      'Deployments and Pods of a namespace, as deployments.updated.shop/web',
  });
};

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AccessError, type Access, type Credentials } from './access.ts';

/** Where Kubernetes puts the credentials of the service account into each container. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Whether this process runs in a pod that knows its API server. */
export function isInCluster(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['KUBERNETES_SERVICE_HOST'] && env['KUBERNETES_SERVICE_PORT']);
}

/**
 * The API server of the cluster in which this process runs, by the service account of its pod. The kubelet renews the token
 * in its file about every hour, so the file is read for each request. @throws AccessError
 */
export async function inClusterAccess(
  env: NodeJS.ProcessEnv,
  folder = SERVICE_ACCOUNT_FOLDER,
): Promise<Access> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  const read = async (name: string): Promise<string> => {
    try {
      return (await readFile(join(folder, name), 'utf8')).trim();
    } catch (cause) {
      throw new AccessError(
        `The service account of the pod cannot be read: ${(cause as Error).message}. Expected ${join(folder, name)}, which automountServiceAccountToken: true puts there.`,
        { cause },
      );
    }
  };
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    namespace: await read('namespace'),
    async credentials(): Promise<Credentials> {
      const [token, ca] = await Promise.all([read('token'), read('ca.crt')]);
      return { headers: { Authorization: `Bearer ${token}` }, tls: { ca } };
    },
    refused: () => undefined,
  };
}

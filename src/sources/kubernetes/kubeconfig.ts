import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { AccessError, decoded, type Access, type Credentials } from './access.ts';
import { ExecCredentials } from './exec-credentials.ts';
import { kubeconfigFile, type Cluster, type KubeconfigFile, type User } from './kubeconfig-file.ts';

/** An entry of a kubeconfig, and the folder that its relative paths start from. */
type Placed<T> = T & { readonly folder: string };

/**
 * The API server that a context of the kubeconfig names: the file of `path`, else those of KUBECONFIG, else ~/.kube/config.
 * Of entries with one name in several files the first counts, as for kubectl.
 *
 * This reads the file by itself, since `@kubernetes/client-node` brings sixteen packages for what is one page here.
 *
 * @throws AccessError
 */
export async function kubeconfigAccess(
  env: NodeJS.ProcessEnv,
  path?: string,
  contextName?: string,
): Promise<Access> {
  const paths = path === undefined ? pathsOf(env) : [path];
  const files = (await Promise.all(paths.map((file) => read(file, paths.length === 1)))).flat();
  const name = contextName ?? files.map((file) => file['current-context']).find(Boolean);
  if (!name) throw wrong(paths, 'it selects no context', 'a current-context, or --kube-context');
  const context = files.flatMap((file) => file.contexts ?? []).find((one) => one.name === name)?.context;
  if (context === undefined) throw wrong(paths, `it has no context "${name}"`, namesOf(files));
  const cluster = files
    .flatMap(({ clusters, folder }) => (clusters ?? []).map((one) => ({ ...one, folder })))
    .find((one) => one.name === context.cluster);
  if (cluster === undefined) throw wrong(paths, `it has no cluster "${context.cluster}"`, 'one of that name');
  const user = files
    .flatMap(({ users, folder }) => (users ?? []).map((one) => ({ ...one, folder })))
    .find((one) => one.name === context.user);
  if (user === undefined && context.user !== '')
    throw wrong(paths, `it has no user "${context.user}"`, 'one of that name');
  return accessOf(
    { ...cluster.cluster, folder: cluster.folder },
    { ...user?.user, folder: user?.folder ?? '' },
    context.namespace ?? 'default',
  );
}

function pathsOf({ KUBECONFIG: set }: NodeJS.ProcessEnv): string[] {
  const named = (set ?? '').split(delimiter).filter((file) => file !== '');
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
}

/** A file that is not there is left out where there are others, as kubectl does. */
async function read(path: string, mustExist: boolean): Promise<Placed<KubeconfigFile>[]> {
  let written: string;
  try {
    written = await readFile(path, 'utf8');
  } catch (cause) {
    if (!mustExist && (cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw wrong([path], (cause as Error).message, 'a file that can be read; outside of a cluster', cause);
  }
  try {
    return [{ ...kubeconfigFile.parse(parse(written) ?? {}), folder: dirname(resolve(path)) }];
  } catch (cause) {
    throw wrong([path], 'it is no kubeconfig', 'the YAML that kubectl reads', cause);
  }
}

function namesOf(files: readonly KubeconfigFile[]): string {
  const names = files.flatMap((file) => file.contexts ?? []).map((one) => one.name);
  return names.length === 0 ? 'contexts' : `one of ${names.join(', ')}`;
}

function wrong(paths: readonly string[], what: string, expected: string, cause?: unknown): AccessError {
  return new AccessError(
    `The kubeconfig ${paths.join(', ')} cannot be used: ${what}. Expected ${expected}.`,
    cause === undefined ? {} : { cause },
  );
}

function accessOf(cluster: Placed<Cluster>, user: Placed<User>, namespace: string): Access {
  if (!URL.canParse(cluster.server))
    throw new AccessError(`The server "${cluster.server}" of the kubeconfig is no URL. Expected https://….`);
  if (cluster['proxy-url'] !== undefined)
    throw new AccessError(
      'The kubeconfig names a proxy-url, which is not supported. Expected a server that is reached directly.',
    );
  if (user['auth-provider'])
    throw new AccessError(
      `The kubeconfig names the auth-provider ${user['auth-provider'].name}, which Kubernetes 1.26 removed. Expected an exec plugin, a token or a certificate.`,
    );
  const plugin = user.exec ? new ExecCredentials(user.exec, user.folder, cluster) : undefined;
  return {
    server: new URL(cluster.server),
    namespace,
    async credentials(): Promise<Credentials> {
      const [ca, cert, key, written] = await Promise.all([
        fileOf(cluster.folder, cluster['certificate-authority-data'], cluster['certificate-authority']),
        fileOf(user.folder, user['client-certificate-data'], user['client-certificate']),
        fileOf(user.folder, user['client-key-data'], user['client-key']),
        user.tokenFile === undefined ? user.token : fileOf(user.folder, undefined, user.tokenFile),
      ]);
      const made = written === undefined ? await plugin?.get() : undefined;
      const token = written ?? made?.token;
      const tls = {
        ...(ca !== undefined && { ca }),
        ...((cert ?? made?.cert) !== undefined && { cert: cert ?? made?.cert }),
        ...((key ?? made?.key) !== undefined && { key: key ?? made?.key }),
        ...(cluster['tls-server-name'] !== undefined && { servername: cluster['tls-server-name'] }),
        ...(cluster['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
      };
      return { headers: authorization(token, user), tls };
    },
    refused: () => plugin?.forget(),
  };
}

function authorization(token: string | undefined, { username, password }: User): Record<string, string> {
  if (token !== undefined) return { Authorization: `Bearer ${token}` };
  if (username === undefined) return {};
  return { Authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** What is written in the kubeconfig itself, or in a file that it names. */
async function fileOf(
  folder: string,
  data: string | undefined,
  path: string | undefined,
): Promise<string | undefined> {
  if (data !== undefined) return decoded(data);
  if (path === undefined) return undefined;
  try {
    return (await readFile(resolve(folder, path), 'utf8')).trim();
  } catch (cause) {
    throw new AccessError(
      `A file of the kubeconfig cannot be read: ${(cause as Error).message}. Expected the file there.`,
      { cause },
    );
  }
}

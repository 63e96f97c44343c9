import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { bound } from '../../model/bound.ts';
import { AccessError } from './access.ts';
import { execCredential, type Cluster, type Exec } from './kubeconfig-file.ts';

const PLUGIN_MS = bound(
  'time of an exec plugin of a kubeconfig',
  60_000,
  'ms',
  'the plugin is ended, and asked again',
);
const PLUGIN_BYTES = bound(
  'output of an exec plugin of a kubeconfig',
  1024 * 1024,
  'bytes',
  'the plugin is ended, and asked again',
);
/** Credentials are renewed this long before they expire, so that none expires on its way. */
const EARLY_MS = 10_000;

interface Made {
  readonly token?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Credentials that a program prints, as the clouds have one for their clusters. They are kept until they expire or the server
 * refuses them.
 */
export class ExecCredentials {
  readonly #exec: Exec;
  readonly #folder: string;
  readonly #cluster: Cluster & { readonly folder: string };
  #made: { readonly what: Made; readonly expiresAt: number } | undefined;

  constructor(exec: Exec, folder: string, cluster: Cluster & { readonly folder: string }) {
    this.#exec = exec;
    this.#folder = folder;
    this.#cluster = cluster;
  }

  /** @throws AccessError */
  async get(): Promise<Made> {
    if (this.#made !== undefined && Date.now() < this.#made.expiresAt) return this.#made.what;
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = await this.#run();
    const what = { token, cert: clientCertificateData, key: clientKeyData };
    const expiresAt = expirationTimestamp ? Date.parse(expirationTimestamp) - EARLY_MS : Infinity;
    this.#made = { what, expiresAt };
    return what;
  }

  forget(): void {
    this.#made = undefined;
  }

  async #run(): Promise<ReturnType<typeof execCredential.parse>['status']> {
    const { command, args, env, installHint = '' } = this.#exec;
    // A path is relative to the kubeconfig, and a bare name is looked up in PATH.
    const program = /[/\\]/.test(command) ? resolve(this.#folder, command) : command;
    try {
      const { stdout } = await promisify(execFile)(program, args ?? [], {
        env: {
          ...process.env,
          ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(await this.#info()),
        },
        timeout: PLUGIN_MS,
        maxBuffer: PLUGIN_BYTES,
      });
      return execCredential.parse(JSON.parse(stdout)).status;
    } catch (cause) {
      // The output of the program may hold a secret, so only its error is told.
      const { code, stderr = '' } = cause as { code?: string | number; stderr?: string };
      const said = stderr.trim() || (code === undefined ? 'its output is no ExecCredential' : String(code));
      throw new AccessError(
        `The exec plugin "${command}" of the kubeconfig gave no credentials: ${said}. Expected an ExecCredential on its output. ${installHint}`.trim(),
        { cause },
      );
    }
  }

  async #info(): Promise<object> {
    const { apiVersion, provideClusterInfo = false } = this.#exec;
    const { server, folder } = this.#cluster;
    const file = this.#cluster['certificate-authority'];
    const data =
      this.#cluster['certificate-authority-data'] ??
      (file === undefined ? undefined : (await readFile(resolve(folder, file))).toString('base64'));
    const cluster = {
      server,
      'tls-server-name': this.#cluster['tls-server-name'],
      'insecure-skip-tls-verify': this.#cluster['insecure-skip-tls-verify'],
      'certificate-authority-data': data,
    };
    const spec = { interactive: false, ...(provideClusterInfo && { cluster }) };
    return { apiVersion, kind: 'ExecCredential', spec };
  }
}

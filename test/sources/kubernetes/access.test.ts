import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { inClusterAccess, isInCluster } from '../../../src/sources/kubernetes/in-cluster.ts';
import { kubeconfigAccess } from '../../../src/sources/kubernetes/kubeconfig.ts';

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-kubeconfig-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig of one context. */
function kubeconfig(user: object, cluster: object = {}, context: object = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', ...context } }],
    clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443', ...cluster } }],
    users: [{ name: 'u', user }],
  });
}

describe('a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

  it('reaches its API server by the service account, whose token is read again for each request', async () => {
    const folder = folderOf({ token: 'first\n', 'ca.crt': 'authority', namespace: 'shop' });
    const access = await inClusterAccess(env, folder);
    expect(access.server.href).toBe('https://10.0.0.1/');
    expect(access.namespace).toBe('shop');
    expect(await access.credentials()).toEqual({
      headers: { Authorization: 'Bearer first' },
      tls: { ca: 'authority' },
    });
    writeFileSync(join(folder, 'token'), 'second');
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer second' });
  });

  it('writes an address of IPv6 as a URL wants it', async () => {
    const folder = folderOf({ token: 't', 'ca.crt': 'a', namespace: 'n' });
    const access = await inClusterAccess({ ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' }, folder);
    expect(access.server.host).toBe('[fd00::1]');
  });

  it('says which file of the service account is missing', async () => {
    await expect(inClusterAccess(env, '/nowhere')).rejects.toThrow(/\/nowhere\/namespace.*automount/);
  });

  it('is recognised by the variables that Kubernetes sets', () => {
    expect(isInCluster(env)).toBe(true);
    expect(isInCluster({})).toBe(false);
  });
});

describe('a kubeconfig', () => {
  it('gives a token, the authority and the name on the certificate', async () => {
    const folder = folderOf({
      config: kubeconfig(
        { token: 'abc' },
        { 'certificate-authority-data': base64('authority'), 'tls-server-name': 'kube' },
        { namespace: 'shop' },
      ),
    });
    const access = await kubeconfigAccess({}, join(folder, 'config'));
    expect(access.server.href).toBe('https://api.example:6443/');
    expect(access.namespace).toBe('shop');
    expect(await access.credentials()).toEqual({
      headers: { Authorization: 'Bearer abc' },
      tls: { ca: 'authority', servername: 'kube' },
    });
  });

  it('gives a certificate and its key, from data or from files beside it', async () => {
    const user = { 'client-certificate-data': base64('certificate'), 'client-key': 'key.pem' };
    const folder = folderOf({ config: kubeconfig(user), 'key.pem': 'key' });
    const access = await kubeconfigAccess({}, join(folder, 'config'));
    expect(await access.credentials()).toEqual({ headers: {}, tls: { cert: 'certificate', key: 'key' } });
  });

  it('gives a token from a file that somebody renews', async () => {
    const folder = folderOf({ config: kubeconfig({ tokenFile: 'token' }), token: 'first' });
    const access = await kubeconfigAccess({}, join(folder, 'config'));
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer first' });
    writeFileSync(join(folder, 'token'), 'second');
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer second' });
  });

  it('gives what an exec plugin prints, and asks it again only after a refusal or its expiry', async () => {
    const script = `
      const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const { appendFileSync, readFileSync } = require('fs');
      appendFileSync(process.env.LOG, spec.cluster.server + '\\n');
      const token = 'made-' + readFileSync(process.env.LOG, 'utf8').trim().split('\\n').length;
      console.log(JSON.stringify({ kind: 'ExecCredential', status: { token, expirationTimestamp: process.env.UNTIL } }));`;
    const folder = folderOf({ 'plugin.js': script });
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [join(folder, 'plugin.js')],
      env: [
        { name: 'LOG', value: join(folder, 'log') },
        { name: 'UNTIL', value: '2999-01-01T00:00:00Z' },
      ],
      provideClusterInfo: true,
    };
    writeFileSync(join(folder, 'config'), kubeconfig({ exec }));
    const access = await kubeconfigAccess({}, join(folder, 'config'));
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer made-1' });
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer made-1' });
    access.refused();
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer made-2' });
    exec.env[1] = { name: 'UNTIL', value: '2020-01-01T00:00:00Z' };
    writeFileSync(join(folder, 'config'), kubeconfig({ exec }));
    const expiring = await kubeconfigAccess({}, join(folder, 'config'));
    expect((await expiring.credentials()).headers).toEqual({ Authorization: 'Bearer made-3' });
    expect((await expiring.credentials()).headers).toEqual({ Authorization: 'Bearer made-4' });
  });

  it('says what an exec plugin wrote when it failed, and what to install', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', "console.error('log in first'); process.exit(1)"],
      installHint: 'Install the cloud tools.',
    };
    const folder = folderOf({ config: kubeconfig({ exec }) });
    const access = await kubeconfigAccess({}, join(folder, 'config'));
    await expect(access.credentials()).rejects.toThrow(/log in first.*Install the cloud tools\./);
  });

  it('is merged from the files of KUBECONFIG, of which the first entry of a name counts', async () => {
    const folder = folderOf({
      first: stringify({ 'current-context': 'here', users: [{ name: 'u', user: { token: 'of-first' } }] }),
      second: kubeconfig({ token: 'of-second' }),
    });
    const KUBECONFIG = ['missing', 'first', 'second'].map((name) => join(folder, name)).join(':');
    const access = await kubeconfigAccess({ KUBECONFIG });
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer of-first' });
  });

  it.each([
    ['selects no context', stringify({ contexts: [] }), /no context.*--kube-context/],
    ['names a context that it lacks', stringify({ 'current-context': 'x', contexts: [] }), /no context "x"/],
    ['is no YAML of that form', 'clusters: 5', /is no kubeconfig/],
    ['names a proxy', kubeconfig({}, { 'proxy-url': 'http://p' }), /proxy-url/],
    ['names an auth-provider', kubeconfig({ 'auth-provider': { name: 'gcp' } }), /gcp.*exec plugin/],
    ['names a server that is no URL', kubeconfig({}, { server: 'nowhere' }), /"nowhere".*no URL/],
  ])('that %s is refused with the reason', async (_, text, message) => {
    const folder = folderOf({ config: text });
    await expect(kubeconfigAccess({}, join(folder, 'config'))).rejects.toThrow(message);
  });

  it('that is not there is refused with its path', async () => {
    const folder = folderOf({});
    mkdirSync(join(folder, 'home'));
    await expect(kubeconfigAccess({}, join(folder, 'config'))).rejects.toThrow(
      /config cannot be used.*ENOENT/,
    );
  });
});

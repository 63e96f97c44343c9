/** The form of a kubeconfig: what is written in the files that kubectl reads. */
import { z } from 'zod';

const text = z.string().min(1).optional();

const cluster = z.looseObject({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': text,
  'proxy-url': text,
});

const exec = z.looseObject({
  apiVersion: z.string(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().optional(),
  installHint: text,
});

const user = z.looseObject({
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  exec: exec.nullish(),
  'auth-provider': z.looseObject({ name: z.string() }).nullish(),
});

const context = z.looseObject({ cluster: z.string(), user: z.string().default(''), namespace: text });

export const kubeconfigFile = z.looseObject({
  'current-context': z.string().nullish(),
  clusters: z.array(z.looseObject({ name: z.string(), cluster })).nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: user.nullish() })).nullish(),
  contexts: z.array(z.looseObject({ name: z.string(), context })).nullish(),
});

export type KubeconfigFile = z.infer<typeof kubeconfigFile>;
export type Cluster = z.infer<typeof cluster>;
export type User = z.infer<typeof user>;
export type Exec = z.infer<typeof exec>;

/** What an exec plugin prints. */
export const execCredential = z.looseObject({
  status: z.looseObject({
    expirationTimestamp: z.string().nullish(),
    token: text,
    clientCertificateData: text,
    clientKeyData: text,
  }),
});

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { kubernetesTool } from '../support/kubernetes-tools.ts';
import { allYaml } from './files.ts';

/** An object of Kubernetes, as far as everything has it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The overlay `full` is production with every component that its file offers. */
export const OVERLAYS = ['try', 'production', 'full'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** The programs that render. Tests are skipped where they are not to be had. */
export const KUBECTL = kubernetesTool('kubectl');
export const HELM = kubernetesTool('helm');

/** The secrets of production, which an operator has to write as the file says. */
export const SECRETS = { BELFRY_REDIS_URL: 'rediss://redis.example.com', BELFRY_JWT_SECRET: 'x'.repeat(32) };

const K8S = fileURLToPath(new URL('../../k8s', import.meta.url));
const rendered = new Map<Overlay, KubernetesObject[]>();
const renderedByHelm = new Map<string, KubernetesObject[]>();

/** What kustomize renders of an overlay. */
export function kustomized(overlay: Overlay): KubernetesObject[] {
  if (rendered.size === 0) renderAll();
  return rendered.get(overlay) ?? [];
}

/** Renders every overlay from a copy of the manifests, to which secrets and components are added. */
function renderAll(): void {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-k8s-'));
  try {
    cpSync(K8S, folder, { recursive: true });
    const [production, full] = [join(folder, 'overlays/production'), join(folder, 'overlays/full')];
    const lines = Object.entries(SECRETS).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(production, 'belfry.env'), lines.join(''));
    const kustomization = readFileSync(join(production, 'kustomization.yaml'), 'utf8');
    mkdirSync(full);
    cpSync(join(production, 'belfry.env'), join(full, 'belfry.env'));
    writeFileSync(join(full, 'kustomization.yaml'), kustomization.replace('# components:', 'components:'));
    for (const overlay of OVERLAYS) {
      const text = execFileSync(KUBECTL ?? '', ['kustomize', join(folder, 'overlays', overlay)]).toString();
      rendered.set(overlay, allYaml(text) as KubernetesObject[]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What Helm renders of the chart with some values, in the namespace `default`. @throws Error what Helm says against them */
export function helmed(values: object, release = 'belfry'): KubernetesObject[] {
  const key = JSON.stringify([release, values]);
  const objects = renderedByHelm.get(key) ?? helmTemplate(values, release);
  renderedByHelm.set(key, objects);
  return objects;
}

function helmTemplate(values: object, release: string): KubernetesObject[] {
  // Helm renders for a version of Kubernetes that it was built with, unless it is told of another.
  const options = ['--kube-version', '1.30.0', '--namespace', 'default', '--values', '-'];
  const { status, stdout, stderr } = spawnSync(
    HELM ?? '',
    ['template', release, join(K8S, 'chart'), ...options],
    {
      input: JSON.stringify(values),
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(stderr);
  return allYaml(stdout).filter((object) => object !== null) as KubernetesObject[];
}

/** A file of the chart. */
export const chartFile = (path: string): string => readFileSync(join(K8S, 'chart', path), 'utf8');
export const chartYaml = (path: string): unknown => parse(chartFile(path));

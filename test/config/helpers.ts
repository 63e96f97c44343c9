import { loadConfig, type Config } from '../../src/config/config.ts';
import { BelfryError } from '../../src/model/errors.ts';
import { thrownBy } from '../support/thrown.ts';

export const noFile = (): never => {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};

/** The settings of a YAML file, together with those of the environment if one is given. */
export function fromFile(yaml: string, env: NodeJS.ProcessEnv = {}): Config {
  return loadConfig({ BELFRY_CONFIG: 'belfry.yaml', ...env }, (path) =>
    path === 'belfry.yaml' ? yaml : noFile(),
  );
}

function refusalOf(load: () => Config): string {
  const error = thrownBy(load);
  if (error instanceof BelfryError && error.code === 'config_invalid') return error.message;
  throw new Error('the settings were not refused', { cause: error });
}

/** The error message for these variables. */
export const refusal = (env: NodeJS.ProcessEnv): string => refusalOf(() => loadConfig(env, noFile));
/** The error message for this YAML file. */
export const fileRefusal = (yaml: string): string => refusalOf(() => fromFile(yaml));

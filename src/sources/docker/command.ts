import { examples, type AddCommand } from '../../clients/cli/command.ts';
import { asSource, onDemand, sourceCommand } from '../command.ts';
import { variableOption, type SourceOptions } from '../options.ts';
import { appIds, USUAL_APP_IDS } from './app-id.ts';
import type { DockerOptions } from './options.ts';

const USUAL_HOST = 'unix:///var/run/docker.sock';

/** `belfry source docker`: the containers of a Docker engine. */
export const addDocker: AddCommand = (sources) => {
  const command = onDemand(sourceCommand(sources, 'docker')).description(
    'Publish the states, logs and samples of the containers of a Docker engine, and its events.',
  );
  variableOption(command, {
    flags: '--host <address>',
    description: 'the engine, unix:///… or tcp://host:port; DOCKER_HOST counts as well',
    variable: 'BELFRY_SOURCE_DOCKER_HOST',
    get usual(): [string, string] {
      return [process.env['DOCKER_HOST'] || USUAL_HOST, USUAL_HOST];
    },
  });
  variableOption(command, {
    flags: '--app-id <templates>',
    description:
      'the app of a container, by templates with a comma between them: {{name}}, {{id}}, {{label:<label>}}, each also with :<prefix>; the first that fits decides',
    variable: 'BELFRY_SOURCE_DOCKER_APP_ID',
    parse: templates,
    usual: [USUAL_APP_IDS, USUAL_APP_IDS.join()],
  });
  command.action((options: SourceOptions & DockerOptions) =>
    asSource('docker', options, async (context) => {
      const { dockerSource } = await import('./docker.ts');
      return dockerSource(context, options);
    }),
  );
  examples(command, {
    'belfry source docker': 'the containers of this machine',
    "belfry source docker --app-id '{{name:app-}}'": 'those of Mist alone, which it calls app-<id>',
    'belfry source docker --host tcp://socket-proxy:2375': 'by a proxy that permits to read only',
  });
};

/** @throws UsageError */
function templates(text: string): readonly string[] {
  const all = text.split(',').map((template) => template.trim());
  appIds(all);
  return all;
}

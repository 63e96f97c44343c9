import { writeLocal } from './contexts.ts';

interface Listener {
  readonly url: string;
  readonly dialect: string;
  readonly tls: boolean;
}

export interface Greeting {
  readonly listeners: readonly Listener[];
  readonly node: string;
  readonly version: string;
  /** The token of an admin. It expires after a day. */
  readonly token: string;
}

/**
 * The first screen of a node that runs by itself: where the hub listens, and commands to try. The token is kept in the context
 * `local`, so that nobody has to paste it; where that cannot be, it is shown. Every line but that of a token fits in 80 columns.
 */
export function banner({ listeners, node, version, token }: Greeting): string {
  const width = Math.max(...listeners.map(({ url }) => url.length));
  const lines = listeners.map(({ url, dialect }) => `  ${url.padEnd(width)}  /ws speaks ${dialect}`);
  const base = listeners.find(({ tls }) => !tls) ?? listeners[0];
  const http = base?.url ?? '';
  const isInsecure = base?.tls === true;
  const insecure = isInsecure ? ' --insecure' : '';
  const context = writeLocal({ url: http, token, ...(isInsecure && { insecure: isInsecure }) });
  const commands = context === undefined ? insecure : context;
  return `
Belfry ${version} runs as ${node}, by itself: what it holds ends with it.

${lines.join('\n')}

Its documentation: ${http}/docs

Try it in another terminal, as an admin for a day:

${context === undefined ? exported(http, token) : ''}  npx belfry watch 'profiles.*.*'${commands}
  npx belfry publish profiles.save.global '{"Name":"global"}'${commands}
  curl ${http}/api/v3/events${insecure} \\
    -H "Authorization: Bearer ${context === undefined ? '$BELFRY_TOKEN' : '$(npx belfry context token local)'}" \\
    -H 'Content-Type: application/json' \\
    -d '{"type":"profiles","action":"save","key":"global","object":{}}'
`;
}

/** The variables that commands need where there is no context. */
function exported(http: string, token: string): string {
  return `  export BELFRY_TOKEN=${token}\n  export BELFRY_URL=${http}\n\n`;
}

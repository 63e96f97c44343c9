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
  /** Whether the node serves the console. */
  readonly hasConsole: boolean;
  /** Whether a person reads this on a terminal. If not, it may be kept in a file. */
  readonly isTerminal: boolean;
}

/**
 * The first screen of a node that runs by itself: where the hub listens, the link of the console, and commands to try. The token
 * is kept in the context `local`, so that nobody has to paste it. It is shown on a terminal, and where it cannot be kept. Every
 * line but that of a token fits in 80 columns.
 */
export function banner(greeting: Greeting): string {
  const { listeners, node, version, token, hasConsole, isTerminal } = greeting;
  const width = Math.max(...listeners.map(({ url }) => url.length));
  const lines = listeners.map(({ url, dialect }) => `  ${url.padEnd(width)}  /ws speaks ${dialect}`);
  const base = listeners.find(({ tls }) => !tls) ?? listeners[0];
  const http = base?.url ?? '';
  const isInsecure = base?.tls === true;
  const insecure = isInsecure ? ' --insecure' : '';
  const context = writeLocal({ url: http, token, ...(isInsecure && { insecure: isInsecure }) });
  const commands = context === undefined ? insecure : context;
  const isShown = isTerminal || context === undefined;
  return `
Belfry ${version} runs as ${node}, by itself: what it holds ends with it.

${lines.join('\n')}

${hasConsole ? consoleLine(http, isShown ? token : undefined) : ''}Its documentation: ${http}/docs

Try it in another terminal, as an admin for a day:

${context === undefined ? exported(http, token) : ''}  npx belfry watch 'profiles.*.*'${commands}
  npx belfry publish profiles.save.global '{"Name":"global"}'${commands}
  curl ${http}/api/v3/events${insecure} \\
    -H "Authorization: Bearer ${context === undefined ? '$BELFRY_TOKEN' : '$(npx belfry context token local)'}" \\
    -H 'Content-Type: application/json' \\
    -d '{"type":"profiles","action":"save","key":"global","object":{}}'
`;
}

/** A browser does not send the part of an address behind `#`, so the token is in no log of the hub or of a proxy. */
function consoleLine(http: string, token: string | undefined): string {
  if (token !== undefined) return `Its console: ${http}/console/#token=${token}\n\n`;
  return `Its console: ${http}/console/\n  It asks for the token that "npx belfry context token local" prints.\n\n`;
}

/** The variables that commands need where there is no context. */
function exported(http: string, token: string): string {
  return `  export BELFRY_TOKEN=${token}\n  export BELFRY_URL=${http}\n\n`;
}

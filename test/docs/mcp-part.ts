import { z } from 'zod';
import { TOOLS } from '../../src/gateway/mcp/mcp-server.ts';

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly maximum?: number;
}

/** The tools as an agent is told of them. */
export function mcpPart(): string {
  return TOOLS.map(({ name, description, input }) => {
    const { properties = {}, required = [] } = z.toJSONSchema(input, { io: 'input' });
    const rows = Object.entries(properties as Readonly<Record<string, Property>>).map(
      ([argument, { type = 'JSON', description: says = '', default: preset, maximum }]) => {
        const bounds = [
          ...(required.includes(argument) ? ['required'] : []),
          ...(preset === undefined ? [] : [`default \`${JSON.stringify(preset)}\``]),
          ...(maximum === undefined ? [] : [`at most ${maximum.toLocaleString('en')}`]),
        ];
        return `| \`${argument}\` | ${type} | ${bounds.join(', ')} | ${says.replaceAll('|', '\\|')} |`;
      },
    );
    return `### \`${name}\`\n\n${description}\n\n| argument | type | | says |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  }).join('\n');
}

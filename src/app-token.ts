import type { Config } from './config/config.ts';
import { Tokens } from './gateway/auth/tokens.ts';
import { systemClock } from './model/clock.ts';

/** A token signed with the secret of the settings. */
export async function signToken(config: Config, token: Parameters<Tokens['sign']>[0]): Promise<string> {
  return new Tokens(config, systemClock).sign(token);
}

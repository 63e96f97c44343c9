import { posix, win32 } from 'node:path';

type Variables = Readonly<Record<string, string | undefined>>;

/** The folder in which this system keeps the settings of a user's programs, and in it that of Belfry. */
export function configFolder(platform: NodeJS.Platform, env: Variables, home: string): string {
  if (platform === 'win32')
    return win32.join(env['APPDATA'] || win32.join(home, 'AppData', 'Roaming'), 'belfry');
  const { XDG_CONFIG_HOME: xdg = '' } = env;
  // A path that is not absolute is to be ignored, as the standard says.
  if (posix.isAbsolute(xdg)) return posix.join(xdg, 'belfry');
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'belfry');
  return posix.join(home, '.config', 'belfry');
}

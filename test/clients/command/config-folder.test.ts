import { expect, it } from 'vitest';
import { configFolder } from '../../../src/clients/cli/config-folder.ts';

it.each([
  ['linux', {}, '/home/ann', '/home/ann/.config/belfry'],
  ['linux', { XDG_CONFIG_HOME: '/etc/ann' }, '/home/ann', '/etc/ann/belfry'],
  ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/ann', '/home/ann/.config/belfry'],
  ['darwin', {}, '/Users/ann', '/Users/ann/Library/Application Support/belfry'],
  ['darwin', { XDG_CONFIG_HOME: '/Users/ann/.config' }, '/Users/ann', '/Users/ann/.config/belfry'],
  ['win32', { APPDATA: 'D:\\Roaming' }, 'C:\\Users\\ann', 'D:\\Roaming\\belfry'],
  ['win32', {}, 'C:\\Users\\ann', 'C:\\Users\\ann\\AppData\\Roaming\\belfry'],
] as const)(
  'the contexts of a user of %s with %j and the home %s are in %s',
  (platform, env, home, folder) => {
    expect(configFolder(platform, env, home)).toBe(folder);
  },
);

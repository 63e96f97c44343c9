import { describe, expect, it } from 'vitest';
import { appIds, USUAL_APP_IDS } from '../../../src/sources/docker/app-id.ts';

const idOf = (name: string, labels = {}, templates = USUAL_APP_IDS): string | undefined =>
  appIds(templates)({ id: '0123456789abcdef', name, labels });

const compose = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };

describe('the app of a container', () => {
  it('is what its label says, before all else', () => {
    expect(idOf('app-1', { ...compose, 'belfry.app': '42' })).toBe('42');
  });

  it('is the number that Mist gave it in its name', () => {
    expect(idOf('app-17')).toBe('17');
  });

  it('is the service of Docker Compose, for all containers of it', () => {
    expect([idOf('shop-web-1', compose), idOf('shop-web-2', compose)]).toEqual(['shop-web', 'shop-web']);
  });

  it('is its name, where it has nothing else', () => {
    expect(idOf('postgres')).toBe('postgres');
  });

  it('is none where no template fits, so that the container is not published', () => {
    expect(idOf('postgres', {}, ['{{name:app-}}'])).toBeUndefined();
  });

  it('can be made of a part of a label', () => {
    expect(idOf('x', { owner: 'team-blue' }, ['{{label:owner:team-}}/{{id}}'])).toBe('blue/0123456789ab');
  });

  it.each(['app', '{{size}}', '{{label}}', '{{name:a:b}}'])(
    'cannot be made by the template %s',
    (template) => {
      expect(() => appIds([template])).toThrow('Expected');
    },
  );
});

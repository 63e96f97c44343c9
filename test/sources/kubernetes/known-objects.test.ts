import { describe, expect, it } from 'vitest';
import { KnownObjects, type Change } from '../../../src/sources/kubernetes/known-objects.ts';
import { kubernetesObject } from './objects.ts';

const texts = (changes: readonly Change[]): string[] =>
  changes.map(({ action, key, uid, resourceVersion }) => `${action} ${key} ${uid} ${resourceVersion}`);

describe('the known objects of a resource', () => {
  it('make a change of an object that is new, and of each new version of it', () => {
    const known = new KnownObjects();
    expect(texts(known.seen(kubernetesObject('web', 5, { namespace: 'shop' })))).toEqual([
      'added shop/web uid-of-web 5',
    ]);
    expect(texts(known.seen(kubernetesObject('web', 6, { namespace: 'shop' })))).toEqual([
      'updated shop/web uid-of-web 6',
    ]);
  });

  it('make no change of a version that was told, so that a list can be repeated', () => {
    const known = new KnownObjects([['prod', { uid: 'uid-of-prod', resourceVersion: '7' }]]);
    expect(known.seen(kubernetesObject('prod', 7))).toEqual([]);
  });

  it('make two changes when another object has taken over the name', () => {
    const known = new KnownObjects([['prod', { uid: 'first', resourceVersion: '7' }]]);
    expect(texts(known.seen(kubernetesObject('prod', 9, { uid: 'second' })))).toEqual([
      'deleted prod first 9',
      'added prod second 9',
    ]);
  });

  it('make a change of a deletion once, and none of an object that was never told', () => {
    const known = new KnownObjects([['prod', { uid: 'uid-of-prod', resourceVersion: '7' }]]);
    expect(texts(known.gone(kubernetesObject('prod', 9)))).toEqual(['deleted prod uid-of-prod 9']);
    expect(known.gone(kubernetesObject('prod', 9))).toEqual([]);
    expect(known.gone(kubernetesObject('other', 9))).toEqual([]);
  });

  it('make no change of the deletion of an object whose name another one has by now', () => {
    const known = new KnownObjects([['prod', { uid: 'second', resourceVersion: '9' }]]);
    expect(known.gone(kubernetesObject('prod', 8, { uid: 'first' }))).toEqual([]);
    expect(known.size).toBe(1);
  });

  it('make a deletion of every object that a whole list does not have', () => {
    const known = new KnownObjects([
      ['a', { uid: '1', resourceVersion: '1' }],
      ['b', { uid: '2', resourceVersion: '2' }],
      ['c', { uid: '3', resourceVersion: '3' }],
    ]);
    expect(texts(known.missing(new Set(['b']), '20'))).toEqual(['deleted a 1 20', 'deleted c 3 20']);
    expect(known.missing(new Set(['b']), '21')).toEqual([]);
  });
});

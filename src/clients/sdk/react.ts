'use client';
/** Hooks for React 18 and 19. The hub is made outside of React, and hooks own no socket. Nothing connects on a server. */
import { createElement, type ReactElement, type ReactNode } from 'react';
import type { Hub } from './hub.ts';
import type { Item } from './item.ts';
import * as events from './react/events.ts';
import type { EventOptions, Events, EventsOptions } from './react/events.ts';
import type { Progress } from './react/feed.ts';
import * as publishing from './react/publish.ts';
import type { Publishing } from './react/publish.ts';
import * as context from './react/use-hub.ts';
import * as values from './react/values.ts';
import type { Latest, List, PresenceOf } from './react/values.ts';
import type { Heard, Schemas } from './schema.ts';

/**
 * Declare the type of your hub here, and all hooks know the types of its events:
 * `declare module '@belfry/client/react' { interface Register { hub: typeof hub } }`
 */
export interface Register {} // oxlint-disable-line no-empty-interface -- it is there to be extended

type Own<R> = R extends { readonly hub: Hub<infer S> } ? S : Schemas;
type OwnHub<R> = Hub<Own<R>>;
/** The type of the objects of events that a pattern matches. */
type ObjectOf<R, P> = Heard<Own<R>, P>;

/** A hub, whatever the types of its events are. */
export type AnyHub = Pick<Hub, 'state' | 'onState' | 'reconnect' | 'logout' | 'close'>;

/** Gives the hub to all hooks below. It is made outside of React, by `connect()`, and is the same at each render. */
export function HubProvider(props: { readonly hub: AnyHub; readonly children?: ReactNode }): ReactElement {
  return createElement(context.HubContext.Provider, { value: props.hub as Hub }, props.children);
}

/** The hub that the provider gives. @throws Error outside of a provider */
export const useHub = context.useHub as unknown as <R = Register>() => OwnHub<R>;

/** The latest events that match. Components that ask for the same see the same. */
export const useEvents = events.useEvents as <const P extends string, R = Register>(
  patterns: P | readonly P[],
  options?: EventsOptions,
) => Events<ObjectOf<R, P>>;

/**
 * Calls back with each item, which is an event or a gap, exactly once and in order while the component is there. The latest
 * callback counts, and another one begins nothing anew. What it throws is reported as an error that nobody caught.
 */
export const useEvent = events.useEvent as <const P extends string, R = Register>(
  patterns: P | readonly P[],
  callback: (item: Item<ObjectOf<R, P>>) => unknown,
  options?: EventOptions,
) => Progress;

/** The latest event of one key: the one that the hub keeps, then each change. The type needs a retention rule. */
export const useLatest = values.useLatest as <const T extends string, R = Register>(
  type: T,
  key: string,
) => Latest<ObjectOf<R, `${T}.*.*`>>;

/** The latest event of each key of a type: those that the hub keeps, then each change. The type needs a retention rule. */
export const useList = values.useList as <const T extends string, R = Register>(
  type: T,
) => List<ObjectOf<R, `${T}.*.*`>>;

/** Whether a principal, such as `user:ada`, is online. */
export const usePresence = values.usePresence;

/** The state of the connection. */
export const useConnection = context.useConnection;

/** The function `publish` of the hub, and what became of the publishes of this component. */
export const usePublish: <R = Register>() => readonly [
  publish: OwnHub<R>['publish'],
  publishing: Publishing,
] = publishing.usePublish;

export type { EventOptions, Events, EventsOptions, Latest, List, PresenceOf, Progress, Publishing };

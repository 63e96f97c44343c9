import {
  Cable,
  CircleHelp,
  Gauge,
  MailX,
  Radio,
  Rocket,
  Send,
  Workflow,
  type LucideIcon,
} from 'lucide-react';
import { lazy, type ComponentType } from 'react';
import { RUN_PATTERNS } from './deploys/run-patterns.ts';
import { isAdmin, mayHear, type Me } from './session/me.ts';
import { maySeeConnections } from './ui/links.ts';

export interface ScreenEntry {
  /** The path in the fragment of the address, such as `/live`. What comes after it belongs to the screen. */
  readonly path: string;
  readonly title: string;
  /** What it is for, in the palette. */
  readonly summary: string;
  readonly icon: LucideIcon;
  /** The key that opens it, after `g`. */
  readonly key: string;
  /** Whether the one who is signed in may see anything there. Without it, everybody may. */
  readonly isFor?: (me: Me) => boolean;
  readonly component: ComponentType;
}

/** All screens, in the order of the menu. Each is loaded when it is first opened. */
export const SCREENS: readonly ScreenEntry[] = [
  {
    path: '/overview',
    title: 'Overview',
    summary: 'See how the hub is, and what is wrong',
    icon: Gauge,
    key: 'o',
    isFor: (me) => mayHear(me, 'nodes.list.*'),
    component: lazy(() => import('./overview/OverviewScreen.tsx')),
  },
  {
    path: '/live',
    title: 'Live',
    summary: 'See events as they come',
    icon: Radio,
    key: 'l',
    component: lazy(() => import('./live/LiveScreen.tsx')),
  },
  {
    path: '/connections',
    title: 'Connections',
    summary: 'See who is connected, and close connections',
    icon: Cable,
    key: 'c',
    isFor: maySeeConnections,
    component: lazy(() => import('./connections/ConnectionsScreen.tsx')),
  },
  {
    path: '/why',
    title: 'Why?',
    summary: 'See why a client did not hear an event, and who would hear one',
    icon: CircleHelp,
    key: 'w',
    isFor: isAdmin,
    component: lazy(() => import('./why/WhyScreen.tsx')),
  },
  {
    path: '/publish',
    title: 'Publish',
    summary: 'Send events, or try who would hear them',
    icon: Send,
    key: 'p',
    isFor: ({ publish }) => publish.length > 0,
    component: lazy(() => import('./publish/PublishScreen.tsx')),
  },
  {
    path: '/dead-letters',
    title: 'Dead letters',
    summary: 'Mend what the ingress could not accept, and send it again',
    icon: MailX,
    key: 'x',
    isFor: (me) => mayHear(me, 'dead-letters.list.*'),
    component: lazy(() => import('./dead-letters/DeadLettersScreen.tsx')),
  },
  {
    path: '/deploys',
    title: 'Deploys',
    summary: 'See how deploys, deployments, tasks and workflows go on',
    icon: Rocket,
    key: 'd',
    isFor: (me) => RUN_PATTERNS.some((pattern) => mayHear(me, pattern)),
    component: lazy(() => import('./deploys/DeploysScreen.tsx')),
  },
  {
    path: '/flow',
    title: 'Flow',
    summary: 'See who publishes what, and who hears it',
    icon: Workflow,
    key: 'f',
    isFor: ({ subscribe }) => subscribe.length > 0,
    component: lazy(() => import('./flow/FlowScreen.tsx')),
  },
];

import { lazy, Suspense, useEffect, useState, type ReactElement } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { SCREENS } from '../screens.ts';
import type { Me } from '../session/me.ts';
import { Empty } from '../ui/Empty.tsx';
import { HubFault } from './HubFault.tsx';
import { Menu } from './Menu.tsx';
import { ScreenFault } from './ScreenFault.tsx';
import { useShortcuts } from './shortcuts.ts';

/** What opens over the page is loaded after the page, so that the first key that is typed there is not lost. */
const loadPalette = () => import('./Palette.tsx');
const loadKeys = () => import('./KeysDialog.tsx');
const Palette = lazy(loadPalette);
const KeysDialog = lazy(loadKeys);

const LOAD_AFTER_MS = 1_000;

/** The page of somebody who is signed in: the menu, and one screen. */
export function Shell({ me }: { readonly me: Me }): ReactElement {
  const [location, navigate] = useLocation();
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const screens = SCREENS.filter(({ isFor }) => isFor?.(me) ?? true);
  const here = screens.find(({ path }) => location === path || location.startsWith(`${path}/`));

  useShortcuts([
    { keys: '?', label: 'Show the keys', run: () => setHelpOpen(true) },
    ...screens.map(({ key, title, path }) => ({ keys: `g ${key}`, label: title, run: () => navigate(path) })),
  ]);
  useEffect(() => {
    const timer = setTimeout(() => void Promise.allSettled([loadPalette(), loadKeys()]), LOAD_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    const openPalette = (event: KeyboardEvent): void => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setPaletteOpen((open) => !open);
    };
    addEventListener('keydown', openPalette);
    return () => removeEventListener('keydown', openPalette);
  }, []);
  useEffect(() => {
    document.title = here === undefined ? 'Belfry' : `${here.title} · Belfry`;
  }, [here]);

  return (
    <div className="flex h-full flex-col-reverse sm:flex-row">
      <Menu
        me={me}
        screens={screens}
        onPalette={() => setPaletteOpen(true)}
        onHelp={() => setHelpOpen(true)}
      />
      <main className="relative min-h-0 min-w-0 flex-1">
        <ScreenFault screen={here?.path ?? ''}>
          <Suspense fallback={<div className="h-full" aria-busy="true" />}>
            <Switch>
              {screens.map(({ path, component }) => (
                <Route key={path} path={`${path}/*?`} component={component} />
              ))}
              <Route path="/">
                <Redirect to={screens[0]?.path ?? '/'} replace />
              </Route>
              <Route>
                <Empty title="There is no such screen">The menu has those that you may see.</Empty>
              </Route>
            </Switch>
          </Suspense>
        </ScreenFault>
        <HubFault />
      </main>
      <Suspense>
        {isPaletteOpen && <Palette screens={screens} onClose={() => setPaletteOpen(false)} />}
        {isHelpOpen && <KeysDialog onClose={() => setHelpOpen(false)} />}
      </Suspense>
    </div>
  );
}

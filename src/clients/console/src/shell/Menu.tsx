import { CircleHelp, Moon, LogOut, Monitor, Search, Sun } from 'lucide-react';
import type { ReactElement } from 'react';
import { Link, useLocation } from 'wouter';
import type { ScreenEntry } from '../screens.ts';
import type { Me } from '../session/me.ts';
import { session } from '../session/session.ts';
import { Button } from '../ui/Button.tsx';
import { Kbd } from '../ui/Kbd.tsx';
import { ConnectionState } from './ConnectionState.tsx';
import { nextTheme, setTheme, useTheme } from './theme.ts';

const THEME_ICONS = { system: Monitor, light: Sun, dark: Moon } as const;

export interface MenuProps {
  readonly me: Me;
  readonly screens: readonly ScreenEntry[];
  readonly onPalette: () => void;
  readonly onHelp: () => void;
}

/** The screens, who is signed in, and how the connection is. It lies at the side, and at the bottom of a narrow page. */
export function Menu({ me, screens, onPalette, onHelp }: MenuProps): ReactElement {
  const [location] = useLocation();
  const theme = useTheme();
  const ThemeIcon = THEME_ICONS[theme];
  return (
    <nav
      aria-label="Screens"
      className="flex shrink-0 flex-row border-t border-line bg-panel sm:w-48 sm:flex-col sm:border-t-0 sm:border-r"
    >
      <button
        type="button"
        className="hidden items-center gap-2 border-b border-line px-4 py-3 text-left text-muted hover:bg-raised sm:flex"
        onClick={onPalette}
      >
        <Search aria-hidden className="size-4" />
        <span className="flex-1">Go to …</span>
        <Kbd>Ctrl K</Kbd>
      </button>
      <ul className="flex min-w-0 flex-1 flex-row overflow-x-auto sm:flex-none sm:flex-col sm:gap-0.5 sm:overflow-x-visible sm:p-2">
        {screens.map(({ path, title, icon: Icon, key }) => {
          const isHere = location === path || location.startsWith(`${path}/`);
          return (
            <li key={path}>
              <Link
                href={path}
                aria-current={isHere ? 'page' : undefined}
                title={`${title} (g ${key})`}
                className="flex flex-col items-center gap-0.5 px-3 py-2 text-xs text-muted hover:bg-raised aria-[current]:bg-tint aria-[current]:text-accent sm:flex-row sm:gap-2.5 sm:rounded-md sm:px-2.5 sm:py-1.5 sm:text-sm"
              >
                <Icon aria-hidden className="size-4 shrink-0" />
                <span className="whitespace-nowrap">{title}</span>
              </Link>
            </li>
          );
        })}
      </ul>
      <div className="flex shrink-0 flex-row border-l border-line sm:border-l-0 items-center gap-1 px-2 sm:mt-auto sm:flex-col sm:items-stretch sm:border-t sm:border-line sm:p-3">
        <ConnectionState />
        <p className="hidden truncate text-muted sm:block" title={`${me.principal} ${me.roles.join(', ')}`}>
          {me.principal}
        </p>
        <div className="flex gap-1">
          <Button
            kind="quiet"
            className="w-8 px-0!"
            aria-label={`Theme: ${theme}`}
            title={`Theme: ${theme}`}
            onClick={() => setTheme(nextTheme(theme))}
          >
            <ThemeIcon aria-hidden className="size-4" />
          </Button>
          <Button kind="quiet" className="w-8 px-0!" aria-label="Keys" title="Keys (?)" onClick={onHelp}>
            <CircleHelp aria-hidden className="size-4" />
          </Button>
          <Button
            kind="quiet"
            className="w-8 px-0!"
            aria-label="Sign out"
            title="Sign out"
            onClick={() => session.signOut()}
          >
            <LogOut aria-hidden className="size-4" />
          </Button>
        </div>
      </div>
    </nav>
  );
}

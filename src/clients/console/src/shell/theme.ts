import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const NAME = 'belfry-theme';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const listeners = new Set<() => void>();

function stored(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(NAME)) ?? 'system';
}

/** Applies what this browser chose before, or else the theme of its system. */
export function applyTheme(theme: Theme = stored()): void {
  document.documentElement.dataset['theme'] = theme;
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(NAME, theme);
  applyTheme(theme);
  for (const tell of listeners) tell();
}

/** The theme that comes after this one when a person asks for another. */
export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
}

export function useTheme(): Theme {
  return useSyncExternalStore((tell) => {
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, stored);
}

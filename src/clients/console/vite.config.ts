import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Every address in the page is relative, so that a proxy may serve it under any path. */
export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [react(), tailwind()],
  resolve: {
    alias: [
      { find: '@belfry/client/react', replacement: here('../sdk/react.ts') },
      { find: '@belfry/client', replacement: here('../sdk/index.ts') },
    ],
  },
  build: {
    emptyOutDir: true,
    target: 'es2023',
    // A data URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Most licenses of what is bundled ask that their texts go with it.
    license: { fileName: 'assets/third-party-licenses.md' },
  },
});

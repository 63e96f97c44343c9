import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The options that Chromium needs in a container. They also keep it from asking the internet. */
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];

/** The path of Chromium. On Debian this function installs one for root, if there is none. */
function chromiumPath(): string {
  const installed = findChromium();
  if (installed !== undefined) return installed;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    execFileSync('apt-get', ['update', '--quiet=2']);
    execFileSync('apt-get', ['install', '--quiet=2', '--yes', '--no-install-recommends', 'chromium']);
  }
  const path = findChromium();
  if (path !== undefined) return path;
  throw new Error(
    `There is no Chromium for this test. Expected one of ${NAMES.join(', ')} on the PATH: install one, such as by "apt-get install chromium".`,
  );
}

function findChromium(): string | undefined {
  const found = NAMES.map((name) => spawnSync('which', [name], { encoding: 'utf8' }));
  return found.find(({ status }) => status === 0)?.stdout.trim();
}

/** A Chromium, which its caller closes. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: ARGS });
}

/** A Chromium that ends with the test. */
export async function startBrowser(): Promise<Browser> {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  return browser;
}

/** One Chromium for all tests of a file, since each page has a context of its own. */
export function sharedBrowser(): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  return () => browser;
}

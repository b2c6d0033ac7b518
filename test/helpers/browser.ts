import { existsSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));
/** Nothing but the page under test may be asked for, and no second window of another test may be in the way. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why a test may do without a browser; false where there is one, and where CI has to have one: there the test fails. */
export function whyNoBrowser(): string | false {
  return existsSync(CHROMIUM) || process.env.CI ? false : `there is no ${CHROMIUM}: ./setup.sh --test installs it`;
}

/** A browser for one test, which goes away with it. */
export async function startBrowser(test: TestContext): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  test.after(() => browser.close());
  return browser;
}

/** A window of a browser; what its console reports as an error is kept. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  return { page, errors };
}

/** What axe-core finds against a page, one line for each element. */
export async function violations(page: Page): Promise<string[]> {
  // By the debugger: a script element would be against the policy of the page.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: () => Promise<{ violations: AxeFinding[] }> } };
    interface AxeFinding {
      id: string;
      help: string;
      nodes: { html: string }[];
    }
    const found = (await axe.run()).violations;
    return found.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
  });
}

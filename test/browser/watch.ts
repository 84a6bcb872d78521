import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Opener } from './accessible';

/** Tells whether something holds, in a line of its own. */
export type Expect = (holds: boolean, what: string) => void;

/** A browser whose pages are watched. */
export interface Watched extends Opener {
  /** Requests to hosts that are none of ours. */
  leaving: string[];
  violations: string[];
  errors: string[];
  expectThat: Expect;
  /** What did not hold. */
  failures: string[];
  /** Prints what the open pages show: when a walk ends early, that says why. */
  showPages(): Promise<void>;
  close(): Promise<void>;
}

/** Opens Chromium; CHROMIUM names another browser. Every context is opened here, so that nothing of it goes unseen. */
export async function openWatched(...origins: string[]): Promise<Watched> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`No browser at ${executablePath}: apt-get install -y chromium`);
  const ours = origins.map((origin) => new URL(origin));
  const excluded = [...new Set(ours.map(({ hostname }) => hostname))].map((name) => `EXCLUDE ${name}`).join(', ');
  const browser = await chromium.launch({
    executablePath,
    // What tries to leave fails at once, also where the request event would not show it.
    args: ['--no-sandbox', `--host-resolver-rules=MAP * ~NOTFOUND, ${excluded}`],
  });
  const [leaving, violations, errors, failures]: string[][] = [[], [], [], []];
  return {
    ...{ leaving, violations, errors, failures },
    expectThat(holds, what) {
      console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}`);
      if (!holds) failures.push(what);
    },
    async newContext(options) {
      const context = await browser.newContext(options);
      context.on('request', (request) => {
        const url = new URL(request.url());
        if (!['data:', 'blob:'].includes(url.protocol) && !ours.some(({ host }) => host === url.host))
          leaving.push(request.url());
      });
      context.on('weberror', (error) => errors.push(error.error().message));
      context.on('console', (message) => {
        if (/content security policy/i.test(message.text())) violations.push(message.text());
        else if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
      });
      await context.addInitScript(
        "addEventListener('securitypolicyviolation', (e) => console.log('Content Security Policy: ' + e.violatedDirective + ' ' + e.blockedURI))",
      );
      return context;
    },
    async showPages() {
      for (const page of browser.contexts().flatMap((context) => context.pages()))
        console.log(`--- ${page.url()}\n${await page.locator('body').innerText({ timeout: 5_000 })}`);
    },
    close: () => browser.close(),
  };
}

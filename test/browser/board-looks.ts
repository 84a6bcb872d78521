import type { Page } from 'playwright-core';
import { findings, looks, type Opener } from './accessible';
import type { Expect } from './watch';

/** The screens of the board, each with what must be there before it is looked at. */
const screens: { name: string; hash: string; ready: string; open?: (page: Page) => Promise<void> }[] = [
  { name: 'board', hash: '', ready: '.column .card' },
  {
    name: 'drawer',
    hash: '#/?number=F-0000001',
    ready: '.column .card',
    open: async (page) => {
      await page.locator('.card').first().click();
      await page.locator('.drawer .history').waitFor();
    },
  },
  {
    name: 'new fulfillment',
    hash: '',
    ready: '.column .card',
    open: (page) => page.getByRole('button', { name: 'New fulfillment' }).click(),
  },
  { name: 'orders', hash: '#/orders', ready: '.rows .card' },
  { name: 'order', hash: '#/orders/O-00000002', ready: '.sheet' },
  { name: 'bill runs', hash: '#/bill-runs', ready: '.sheet progress' },
  {
    name: 'webhooks',
    hash: '#/webhooks',
    ready: '.sheet summary',
    open: async (page) => {
      await page.getByText('Deliveries').click();
      await page.getByRole('table').waitFor();
    },
  },
];

/**
 * Looks at each screen in light and dark, at 1440 and 390 px. With PICTURES, a folder, each look is kept as a picture.
 */
export async function checkBoard(
  browser: Opener,
  url: string,
  signIn: (page: Page) => Promise<void>,
  expectThat: Expect,
): Promise<void> {
  for (const { colorScheme, viewport } of looks) {
    const context = await browser.newContext({ colorScheme, viewport });
    const page = await context.newPage();
    await page.goto(url);
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    const door = await findings(page);
    expectThat(
      door.length === 0,
      `axe-core finds nothing: ${colorScheme}, ${viewport.width} px, door ${door.join(' | ')}`,
    );
    await signIn(page);
    for (const { name, hash, ready, open } of screens) {
      const what = `${colorScheme}, ${viewport.width} px, ${name}`;
      await page.goto('about:blank');
      await page.goto(`${url}${hash}`);
      await page.locator(ready).first().waitFor();
      await open?.(page);
      await page.waitForTimeout(300);
      const found = await findings(page);
      expectThat(found.length === 0, `axe-core finds nothing: ${what} ${found.join(' | ')}`);
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
      expectThat(width <= viewport.width, `nothing is wider than the screen: ${what}, ${width} px`);
      if (process.env.PICTURES)
        await page.screenshot({ path: `${process.env.PICTURES}/board-${what.replaceAll(/\W+/g, '-')}.png` });
    }
    await context.close();
  }
}

/** The parts of a drawer that are higher than the room they have. */
const coveredParts = `[...document.querySelector('.drawer').children]
  .filter((part, index, all) => all[index + 1] && part.getBoundingClientRect().bottom > all[index + 1].getBoundingClientRect().top + 1)
  .map((part) => part.className.baseVal ?? part.className)`;

/** The board of a demo: signed in by itself, with registered documents, and good to use by keyboard. */
export async function checkDemoBoard(browser: Opener, url: string, expectThat: Expect): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/graphql')) sent.push(request.postData() ?? '');
  });
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"subscribe"')) sent.push(String(payload).replace('"query":"",', ''));
    }),
  );
  await page.goto(url);
  const card = page.locator('.column .card').first();
  await card.waitFor();
  await page.locator('.who').getByText('Demo at Northwind Devices').waitFor();
  // A query and its live twin for each of five columns and their counts, and one for the name.
  for (let looks = 0; looks < 50 && sent.length < 13; looks++) await page.waitForTimeout(100);
  const texts = sent.filter((body) => !body.includes('"sha256Hash"') || body.includes('"query"'));
  expectThat(
    sent.length === 13 && texts.length === 0,
    `the board of the demo sends hashes alone: ${sent.length} requests`,
  );
  await card.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog');
  await drawer.locator('.history').waitFor();
  await page.keyboard.press('Tab');
  expectThat(Boolean(await page.evaluate("document.activeElement.closest('.drawer')")), 'a drawer holds the focus');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  const focused = await page.evaluate('document.activeElement.className');
  expectThat(focused === 'card', `and Escape leads back to the card: ${focused}`);

  // A screen at 200 %: the drawer scrolls, and neither the picture of the money nor anything else in it shrinks.
  await page.setViewportSize({ width: 720, height: 450 });
  await page.goto(`${url}#/?open=F-00000006`);
  await page.locator('.drawer .trail').waitFor();
  const covered = await page.evaluate(coveredParts);
  expectThat(`${covered}` === '', `no part of a drawer lies on the next one: ${covered}`);
  await context.close();
}

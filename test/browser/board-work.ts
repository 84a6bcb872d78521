import type { Page } from 'playwright-core';
import { findings } from './accessible';
import type { Expect } from './watch';

/** Sends an operation as another client than the page. */
// biome-ignore lint/suspicious/noExplicitAny: replies are read as their readers see them
export type OtherClient = (query: string, variables?: object) => Promise<any>;

const column = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const countIn = async (page: Page, name: string) => Number(await column(page, name).locator('.count').textContent());
const drawer = (page: Page) => page.getByRole('dialog');

async function accessible(page: Page, what: string, expectThat: Expect): Promise<void> {
  const found = await findings(page);
  expectThat(found.length === 0, `axe-core finds nothing: ${what} ${found.join(' | ')}`);
  if (process.env.PICTURES)
    await page.screenshot({ path: `${process.env.PICTURES}/board-${what.replace(' ', '-')}.png` });
}

/** Waits until `read` gives `wanted`, for five seconds at most, and returns what it gave last. */
async function settled<Value>(page: Page, wanted: Value, read: () => Promise<Value>): Promise<Value> {
  for (let looks = 0; looks < 50 && (await read()) !== wanted; looks++) await page.waitForTimeout(100);
  return read();
}

const createOne = `mutation { createFulfillments(input: { fulfillments: [
  { orderLineItemId: "4028828c82819b740182821bb23e15c4", fulfillmentDate: "2022-01-01", quantity: 1 }
] }) { fulfillments { fulfillmentNumber } userErrors { message } } }`;

const track = `mutation ($key: ID!) {
  updateFulfillment(key: $key, input: { trackingNumber: "THEIRS-1" }) { userErrors { message } }
}`;

/** A day at the board: create, book, conflict, send, bill, collect, return, and a change by somebody else. */
export async function checkWork(page: Page, other: OtherClient, expectThat: Expect): Promise<void> {
  const number = await create(page, expectThat);
  await book(page, number, expectThat);
  await conflict(page, number, other, expectThat);
  await sendAndCollect(page, number, other, expectThat);
  await takeBack(page, expectThat);
  await follow(page, other, expectThat);
  await webhooks(page, expectThat);
  await billRun(page, expectThat);
  await silentServer(page, expectThat);
}

/** Holds the requests that contain a text, until the result is called. */
async function hold(page: Page, text: string): Promise<() => Promise<void>> {
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes(text)) await held;
    await route.continue();
  });
  return async () => {
    go();
    await page.unrouteAll({ behavior: 'wait' });
  };
}

async function create(page: Page, expectThat: Expect): Promise<string> {
  await page.getByRole('button', { name: 'New fulfillment' }).click();
  const form = page.getByRole('form', { name: 'New fulfillment' });
  await form.getByLabel('Order number begins with').fill('O-00000002');
  await form.getByLabel('Line item').getByText('O-00000002').first().waitFor({ state: 'attached' });
  await page.waitForFunction(`document.querySelectorAll('[name=orderLineItemId] option').length === 1`);
  await form.getByLabel('Quantity').fill('99999');
  await form.getByLabel('Carrier').fill('Nobody');
  await form.getByRole('button', { name: 'Create' }).click();
  const noteOf = async (label: string) => {
    const id = await form.getByLabel(label).getAttribute('aria-describedby');
    return form.locator(`[id="${id}"]`).textContent();
  };
  await form.locator('[aria-invalid]').first().waitFor();
  const notes = [await noteOf('Quantity'), await noteOf('Carrier')].join(' ');
  expectThat(/pending.*not configured/.test(notes), `refusals stand at their fields: ${notes}`);
  await accessible(page, 'refusals', expectThat);
  await form.getByLabel('Quantity').fill('5');
  await form.getByLabel('Carrier').fill('DHL');
  await form.getByRole('button', { name: 'Create' }).click();
  const title = drawer(page).getByRole('heading', { level: 2 });
  await title.getByText(/^F-/).waitFor();
  const number = (await title.textContent()) ?? '';
  expectThat(/^F-\d+$/.test(number), `a fulfillment is created, and opened: ${number}`);
  return number;
}

async function book(page: Page, number: string, expectThat: Expect): Promise<void> {
  const release = await hold(page, '"Book"');
  await drawer(page).getByRole('button', { name: 'Book', exact: true }).click();
  // Behind the drawer, so that no role leads there.
  await page.locator('[data-state=Booked]').getByText(number).waitFor({ timeout: 2_000 });
  expectThat(true, 'a move is shown before the server has answered');
  await release();
  await drawer(page).locator('.facts').getByText('Booked', { exact: true }).waitFor();
  await drawer(page)
    .locator('.history li', { hasText: /^Book.*Ada Martin$/ })
    .waitFor();
  expectThat(true, 'the history names the person');
}

async function conflict(page: Page, number: string, other: OtherClient, expectThat: Expect): Promise<void> {
  await drawer(page).getByRole('button', { name: 'Change fields' }).click();
  const form = page.getByRole('form', { name: 'Change fields' });
  await form.getByLabel('Tracking number').fill('MINE-1');
  await other(track, { key: number });
  await form.getByRole('button', { name: 'Save' }).click();
  const row = form.getByRole('row', { name: /Tracking number/ });
  await row.waitFor();
  const sides = await row.getByRole('cell').allTextContents();
  expectThat(`${sides}` === 'MINE-1,THEIRS-1', `a conflict shows both sides: ${sides}`);
  await accessible(page, 'a conflict', expectThat);
  await form.getByRole('button', { name: 'Apply mine again' }).click();
  await form.waitFor({ state: 'detached' });
  await drawer(page).locator('.history').getByText('THEIRS-1 → MINE-1').waitFor();
  expectThat(true, 'and mine can be applied to the new version');
}

async function sendAndCollect(page: Page, number: string, other: OtherClient, expectThat: Expect): Promise<void> {
  await drawer(page).getByRole('button', { name: 'Send to billing' }).click();
  const form = page.getByRole('form', { name: 'Send to billing' });
  await form.getByLabel('Bill at once').check();
  // Somebody else changes the fulfillment while the move is under way.
  const release = await hold(page, '"SendToBilling"');
  await form.getByRole('button', { name: 'Send' }).click();
  await other(track, { key: number });
  await release();
  const row = drawer(page).getByRole('row', { name: /Tracking number/ });
  await row.waitFor();
  const sides = await row.getByRole('cell').allTextContents();
  expectThat(`${sides}` === 'MINE-1,THEIRS-1', `a conflict of a move shows both sides too: ${sides}`);
  await drawer(page).getByRole('button', { name: 'Apply mine again' }).click();
  const collect = drawer(page).getByRole('button', { name: /^Collect/ });
  await collect.waitFor();
  const trail = () => drawer(page).getByRole('img').getAttribute('aria-label');
  expectThat(/^F-.*; then INV/.test((await trail()) ?? ''), `it is billed: ${await trail()}`);
  await collect.click();
  await collect.waitFor({ state: 'detached' });
  await drawer(page).locator('.trail').getByText('paid').waitFor();
  expectThat(/; then P-.* paid$/.test((await trail()) ?? ''), `the payment is collected: ${await trail()}`);
}

async function takeBack(page: Page, expectThat: Expect): Promise<void> {
  await drawer(page).getByRole('link', { name: 'O-00000002' }).click();
  await page.getByRole('button', { name: 'Take back' }).first().click();
  const form = page.getByRole('form', { name: 'Take back' });
  await form.getByLabel('Quantity').fill('2');
  await form.getByLabel('Credit').selectOption('now');
  await form.getByRole('button', { name: 'Make the return' }).click();
  await page.getByText('Returned from').waitFor();
  const heading = await page.getByRole('heading', { level: 1 }).textContent();
  expectThat(/Return$/.test(heading ?? ''), `goods are taken back: ${heading}`);
}

async function follow(page: Page, other: OtherClient, expectThat: Expect): Promise<void> {
  await page.getByRole('link', { name: 'Board' }).click();
  await column(page, 'Executing').getByRole('link').first().waitFor();
  await settled(page, false, async () => Number.isNaN(await countIn(page, 'Executing')));
  const before = await countIn(page, 'Executing');
  const { createFulfillments } = await other(createOne);
  const number = createFulfillments.fulfillments[0].fulfillmentNumber;
  await column(page, 'Executing').getByText(number).waitFor({ timeout: 5_000 });
  const after = await settled(page, before + 1, () => countIn(page, 'Executing'));
  expectThat(after === before + 1, `what another client does is shown: ${before} and ${after} are Executing`);
}

/** An endpoint that nobody listens at. */
async function webhooks(page: Page, expectThat: Expect): Promise<void> {
  await page.getByRole('link', { name: 'Webhooks' }).click();
  await page.getByLabel('Address').fill('http://127.0.0.1:9/hook');
  await page.getByLabel('Description').fill('x'.repeat(400));
  await page.getByRole('button', { name: 'Add the endpoint' }).click();
  await page.locator('code', { hasText: 'whsec_' }).waitFor();
  await page.getByText('Deliveries').click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  const row = page.getByRole('row', { name: /Webhook.Test/ });
  await row.getByText('the host refused the connection').waitFor();
  expectThat(true, 'an endpoint shows its secret once, and what became of its deliveries');
  const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  expectThat(!wide, 'a long text without a space stays on the page');
}

async function billRun(page: Page, expectThat: Expect): Promise<void> {
  await page.getByRole('link', { name: 'Bill runs' }).click();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page
    .getByRole('status')
    .getByText(/\d+ invoices/)
    .waitFor();
  await page.getByRole('button', { name: 'Start the run' }).click();
  const run = page.getByRole('region', { name: 'BR-00000004' });
  await run.getByText('Completed').waitFor();
  const told = (await run.textContent()) ?? '';
  expectThat(/\d+ of \d+ billed/.test(told), `a bill run is followed to its end: ${told}`);
  const earlier = page.getByRole('region', { name: 'BR-00000002' });
  await earlier.getByText('What was parked').click();
  await earlier.getByText('Nutmeg Imports').first().waitFor();
  expectThat(true, 'and what was parked has its reasons');
}

/** A reply that never comes. */
async function silentServer(page: Page, expectThat: Expect): Promise<void> {
  await page.route('**/graphql', async (route) => {
    if (!route.request().postData()?.includes('"Orders"')) await route.continue();
  });
  await page.getByRole('link', { name: 'Orders' }).click();
  await page.getByText('The server did not answer in time.').waitFor({ timeout: 40_000 });
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByRole('main').getByRole('button', { name: 'Try again' }).click();
  await page.locator('.rows .card').first().waitFor();
  expectThat(true, 'a reply that does not come is told, and can be asked for again');
}

/** What starts and stops the servers behind the page. */
export interface Servers {
  stop(): Promise<void>;
  start(): Promise<void>;
  stopIssuer(): void;
}

/** The server goes away and comes back. Then the issuer goes away. */
export async function checkOutage(page: Page, other: OtherClient, expectThat: Expect, servers: Servers): Promise<void> {
  await page.getByRole('link', { name: 'Board' }).click();
  await column(page, 'Executing').getByRole('link').first().waitFor();
  await servers.stop();
  const notice = page.getByText('The server cannot be reached');
  await notice.waitFor();
  expectThat((await page.locator('.card').count()) > 0, 'a server that is gone is told, and the cards stay');
  await accessible(page, 'an outage', expectThat);
  await page.getByRole('link', { name: 'Bill runs' }).click();
  await page.getByRole('main').getByText('The server cannot be reached.', { exact: true }).waitFor();
  expectThat(true, 'a screen that cannot load says why');
  await page.getByRole('link', { name: 'Webhooks' }).click();
  const reason = page.getByRole('main').getByText('The server cannot be reached.', { exact: true });
  await reason.first().waitFor();
  let seen = true;
  for (let at = 0; at < 40; at++) {
    seen &&= (await reason.count()) > 0;
    await page.waitForTimeout(200);
  }
  expectThat(seen, 'and says so while it is asked for again');
  await page.getByRole('link', { name: 'Bill runs' }).click();
  await servers.start();
  await notice.first().waitFor({ state: 'detached', timeout: 30_000 });
  await page.getByRole('heading', { name: 'BR-00000003' }).waitFor();
  expectThat(true, 'it loads by itself when the server is back');
  await follow(page, other, expectThat);

  servers.stopIssuer();
  await page.reload();
  await page.getByText('The issuer cannot be reached.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  expectThat(true, 'an issuer that is gone is told, with a button to try again');
}

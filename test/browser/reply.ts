import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { fragmentOf } from '../../src/http/playground/operation-link';
import { sampleOperations } from '../../src/http/playground/operations';
import { sampleGroups } from '../../src/http/playground/sample';
import { findings, type Opener } from './accessible';

type Expect = (holds: boolean, what: string) => void;

const run = async (page: Page) => {
  // GraphiQL reads the name of the operation 100 ms after a change of the text.
  await page.waitForTimeout(400);
  const replied = page.waitForResponse(
    (response) => response.url().endsWith('/graphql') && !/query Playground/.test(response.request().postData() ?? ''),
  );
  await page.locator('.graphiql-execute-button').click();
  const response = await replied;
  await page.locator('.page-reply b').first().waitFor();
  return { body: await response.json(), sent: response.request().headers() };
};

const accessible = async (page: Page, what: string, expectThat: Expect) => {
  const found = await findings(page);
  expectThat(found.length === 0, `axe-core finds nothing: ${what} ${found.join(' | ')}`);
};

const open = async (browser: Opener, url: string): Promise<Page> => {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 20_000 });
  await page.locator('.page-who').getByText('Demo').waitFor({ timeout: 20_000 });
  return page;
};

const panel = (page: Page, name: string) => page.locator(`button[aria-label="Show ${name}"]`).click();

/** What stands beside a reply, the fields of the page, and links to an operation. */
export async function checkReplies(browser: Opener, url: string, expectThat: Expect): Promise<void> {
  const page = await open(browser, url);
  expectThat(!(await page.locator('.page-header').textContent())?.includes('0000-4000'), 'the client has its name');
  const first = await run(page);
  const figures = (await page.locator('.page-reply p').textContent()) ?? '';
  expectThat(
    /Status 200.*Time \d+ ms.*Cost [\d,]+ of [\d,.]+M.*Statements \d+.*Rate left [\d,.]+[MB]? of [\d,.]+/.test(figures),
    `beside the reply: ${figures}`,
  );
  expectThat(first.body.extensions.cost.actual > 0, 'the reply has the cost, which the page asked for');
  const reply = (await page.locator('.result-window .view-lines').textContent()) ?? '';
  expectThat(!reply.includes('extensions'), 'and which is not shown twice');

  await page.getByRole('button', { name: 'Table', exact: true }).click();
  const rows = await page.locator('.page-sheet tbody tr').count();
  expectThat(rows === first.body.data.orderLineItems.nodes.length, `the list is a table of ${rows} rows`);
  await accessible(page, 'the table of a reply', expectThat);
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV' }).click();
  const csv = readFileSync(await (await downloading).path(), 'utf8').split('\r\n');
  expectThat(csv.length === rows + 2 && csv[0].startsWith('id,itemNumber,'), `and a CSV file: ${csv[0]}`);
  await page.getByRole('button', { name: 'Reply headers' }).click();
  await page.locator('.page-sheet').getByText('zuora-request-id').waitFor();
  expectThat(true, 'the headers of the reply are shown');
  await page.getByRole('button', { name: 'Reply headers' }).click();

  await page.getByRole('button', { name: 'Copy link' }).click();
  await page.getByText('Copied').waitFor();
  const link = String(await page.evaluate('navigator.clipboard.readText()'));
  expectThat(
    link.includes('#query=') && !/bearer|secret|eyJ/i.test(link),
    'a link carries the operation, and no token',
  );
  const other = await open(browser, link);
  const tab = other.locator('.graphiql-tab-button[aria-current="true"]');
  await other.locator('#graphiql-session-tab-5').waitFor();
  expectThat(
    (await tab.textContent()) === 'Explore' && !(await other.locator('.page-reply b').count()),
    'it opens a tab',
  );
  expectThat(!other.url().includes('#'), 'and is opened once');
  await other.context().close();

  await page.locator('.page-orgs summary').click();
  await accessible(page, 'the orgs', expectThat);
  await page.getByLabel('Americas').check();
  const narrowed = await run(page);
  const orgs = narrowed.body.data.viewer.orgs.map(({ name }: { name: string }) => name);
  expectThat(`${orgs}` === 'Americas', `the orgs are switched: ${orgs}`);
  await page.getByLabel('Americas').uncheck();
  await page.locator('.page-orgs summary').click();

  await page.getByRole('button', { name: 'New', exact: true }).click();
  expectThat((await run(page)).sent['idempotency-key'] === undefined, 'a query has no Idempotency-Key');
  await panel(page, 'Tour');
  await page.getByText('3. Deliver').click();
  const key = (await run(page)).sent['idempotency-key'];
  expectThat(/^[0-9a-f]{32}$/.test(key), `a mutation has the key of its field: ${key}`);
  await run(page);
  await page.locator('.page-replayed').waitFor({ timeout: 5_000 });
  expectThat(true, 'the second reply is told to be the first one again');

  await page.locator('button[data-name="headers"]').click();
  await page.locator('[aria-label="Headers"] .graphiql-editor:not(.hidden) .view-lines').click();
  await page.keyboard.type('{"Zuora-T');
  await page.locator('.suggest-widget').getByText('Zuora-Track-Id').first().waitFor({ timeout: 10_000 });
  expectThat(true, 'names of headers complete');
  await page.context().close();
}

/** The samples by groups and scopes, and the tour. */
export async function checkSamples(browser: Opener, url: string, expectThat: Expect): Promise<void> {
  const page = await open(browser, url);
  await panel(page, 'Tour');
  const steps = page.locator('.page-steps button');
  for (let step = 0; step < 6; step++) {
    await steps.nth(step).click();
    const { body } = await run(page);
    const payloads = Object.values<{ userErrors?: object[] }>(body.data ?? {});
    const refused = body.errors ?? payloads.flatMap((payload) => payload?.userErrors ?? []);
    expectThat(refused.length === 0, `step ${step + 1} of the tour: ${await steps.nth(step).textContent()}`);
    if (step === 5) expectThat(JSON.stringify(body).includes('"invoiceNumber":"INV'), 'the tour ends with a bill');
  }
  await panel(page, 'Samples');
  const marks = page.locator('.page-card .page-kind');
  const [samples, groups] = [await marks.count(), await page.locator('.page-panel h3').count()];
  const isWhole = samples === sampleOperations.length && groups === sampleGroups.length;
  expectThat(isWhole, `groups of samples: ${samples} in ${groups}`);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('.page-bar').getByText('You are not signed in').waitFor();
  await accessible(page, 'signed out', expectThat);
  expectThat((await page.locator('.page-who').textContent()) === 'Not signed in', 'one can sign out');
  await signIn(page, '00000000-0000-4000-8000-000000000003');
  await page.getByText('more need scopes').waitFor();
  const kinds = new Set(await marks.allTextContents());
  expectThat(`${[...kinds]}` === 'read', `a client that may only read is offered what reads: ${[...kinds]}`);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page, '00000000-0000-4000-8000-000000000002');
  const entities = page.getByLabel('Entity');
  await entities.waitFor();
  await page.locator('#graphiql-session-tab-0').click();
  const seen: string[] = [];
  for (const index of [0, 1]) {
    await entities.selectOption({ index });
    await page.locator('.page-orgs').waitFor();
    seen.push((await run(page)).body.data?.viewer.entity.name);
  }
  const names = await entities.locator('option').allTextContents();
  expectThat(`${seen}` === `${names}` && new Set(seen).size === 2, `entities are switched: ${seen}`);
  await page.context().close();
}

async function signIn(page: Page, client: string): Promise<void> {
  await page.getByLabel('Client id').fill(client);
  await page.getByLabel('Client secret').fill('demo-secret');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.page-bar').waitFor({ state: 'detached' });
}

/** The picture of the schema, the documentation that it leads to, and the explorer. */
export async function checkSchema(browser: Opener, url: string, expectThat: Expect): Promise<void> {
  const page = await open(browser, url);
  await panel(page, 'Schema');
  const center = page.locator('.page-center');
  await center.waitFor();
  expectThat((await center.textContent()) === 'Fulfillment', 'the picture begins at Fulfillment');
  await page.getByRole('button', { name: 'Fulfillment.orderLineItem: go to OrderLineItem' }).focus();
  await page.keyboard.press('Enter');
  expectThat((await center.textContent()) === 'OrderLineItem', 'and goes from object to object, by keyboard too');
  await page.getByRole('button', { name: 'Read about OrderLineItem' }).first().click();
  const docs = page.locator('.graphiql-doc-explorer');
  await docs.getByText('quantityPendingFulfillment', { exact: true }).first().waitFor();
  expectThat(true, 'and leads to the documentation');
  await docs.locator('.graphiql-doc-explorer-back').click();
  const types = await docs.locator('.graphiql-doc-explorer-type-name').allTextContents();
  const first = types.slice(3, 8).join(' ');
  expectThat(first === 'Fulfillment FulfillmentItem OrderLineItem Order Account', `types people look for: ${first}`);
  const description = (await docs.textContent()) ?? '';
  expectThat(/order line items/.test(description), 'the documentation begins with a description of the schema');

  await panel(page, 'Explorer');
  const explorer = page.locator('.docExplorerWrap');
  await explorer.getByText('billRuns', { exact: true }).waitFor();
  await explorer.locator('[data-field-name="billRuns"]').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+End');
  const isAdded = async () => {
    const operation = await page.locator('.graphiql-query-editor .view-lines').textContent();
    // The editor shows the lines that fit, and the tab is kept some moments later.
    return `${operation}${await page.evaluate("localStorage.getItem('graphiql:query')")}`.includes('billRuns');
  };
  for (let tries = 0; tries < 50 && !(await isAdded()); tries++) await page.waitForTimeout(100);
  expectThat(await isAdded(), 'the explorer adds a field to the operation, by keyboard');
  await page.context().close();
}

/** Codes that explain themselves, and what a live reply says of its changes. `change` makes one. */
export async function checkCodes(browser: Opener, url: string, change: string, expectThat: Expect): Promise<void> {
  const query = 'mutation Nowhere { bookFulfillments(keys: ["F-nowhere"]) { userErrors { code } } }';
  const page = await open(browser, url + fragmentOf({ query }));
  await page.locator('.graphiql-query-editor').getByText('bookFulfillments').waitFor();
  await run(page);
  await page.getByRole('button', { name: 'Explain NOT_FOUND' }).click();
  await page.locator('.page-codes').getByText('No object that the client may see has this id or number.').waitFor();
  expectThat(true, 'a refusal explains itself');
  await accessible(page, 'codes', expectThat);
  await page.getByRole('button', { name: 'Explain NOT_FOUND' }).click();

  await panel(page, 'Samples');
  await page.getByText('Watch the fulfillments').click();
  await page.waitForTimeout(400);
  await page.locator('.graphiql-execute-button').click();
  await page.getByText('Answer 1').waitFor();
  await page.evaluate(change);
  const changed = page.locator('.page-changes li').first();
  await changed.waitFor({ timeout: 10_000 });
  await accessible(page, 'changes', expectThat);
  const text = (await changed.textContent()) ?? '';
  expectThat(/^fulfillmentCounts\[Executing\]\.count \d+ \d+$/.test(text), `a live reply shows what changed: ${text}`);
  const ended = () =>
    page
      .waitForEvent('requestfailed', { predicate: (request) => request.url().endsWith('/graphql'), timeout: 5_000 })
      .then(() => true)
      .catch(() => false);
  const stopped = ended();
  await page.locator('.graphiql-execute-button').click();
  expectThat(await stopped, 'stopping it ends its request');
  await page.locator('.graphiql-execute-button').click();
  await page.getByText('Answer 1').waitFor();
  const signedOut = ended();
  await page.getByRole('button', { name: 'Sign out' }).click();
  expectThat(await signedOut, 'and so does signing out');
  await page.context().close();
}

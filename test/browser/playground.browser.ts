import { checkLooks, checkNarrow } from './accessible';
import { checkDemoBoard } from './board-looks';
import { checkDocs } from './docs';
import { checkCodes, checkReplies, checkSamples, checkSchema } from './reply';
import { openWatched } from './watch';

// Opens the playground of a running demo in Debian's Chromium, runs its first operation and reads the result.
//   BASE_URL=http://127.0.0.1:4000 node dist/test/browser/playground.browser.js
// CHROMIUM names another browser, SCREENSHOT a file to leave a picture in, PICTURES a folder for one of each look.

const baseUrl = process.env.BASE_URL ?? 'http://127.0.0.1:4000';

/** The panels at the left, by the names of their buttons. */
const panels = ['Documentation Explorer', 'Samples', 'Tour', 'Explorer', 'Schema', 'History'];

/** Creates a fulfillment, as another window of the demo would. */
const createOne = `(async () => {
  const credentials = { grant_type: 'client_credentials', client_id: '00000000-0000-4000-8000-000000000001', client_secret: 'demo-secret' };
  const { access_token } = await (await fetch('/oauth/token', { method: 'POST', body: new URLSearchParams(credentials) })).json();
  const query = 'mutation { createFulfillments(input: { fulfillments: [{ orderLineItemId: "4028828c82819b740182821bb23e15c4", fulfillmentDate: "2022-01-01", quantity: 1 }] }) { userErrors { code } } }';
  await fetch('/graphql', { method: 'POST', headers: { authorization: 'Bearer ' + access_token, 'content-type': 'application/json' }, body: JSON.stringify({ query }) });
})()`;

async function main(): Promise<void> {
  const watched = await openWatched(baseUrl);
  const { expectThat, leaving, violations, errors } = watched;

  try {
    const context = await watched.newContext({ viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();

    const result = page.locator('.result-window .view-lines');
    const opened = performance.now();
    await page.goto(new URL('/', baseUrl).href);
    expectThat(new URL(page.url()).pathname === '/playground', '/ leads a browser to the playground');
    await page.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 20_000 });
    console.log(`     editor there after ${Math.round(performance.now() - opened)} ms`);

    // Run only once the schema has come, or the pane would still show how that went.
    const docs = page.locator('button[aria-label="Show Documentation Explorer"]');
    await docs.click();
    await page.locator('.graphiql-doc-explorer-content').getByText('Query', { exact: true }).first().waitFor();
    expectThat(true, 'the schema is described');
    await page.locator('button[aria-label="Hide Documentation Explorer"]').click();

    await page.locator('.graphiql-execute-button').click();
    await page.locator('.graphiql-spinner').waitFor({ state: 'detached' });
    await result.getByText('"data"').waitFor({ timeout: 10_000 });
    // Monaco draws spaces as no-break spaces.
    const text = ((await result.textContent()) ?? '').replaceAll('\u00a0', ' ');
    expectThat(text.includes('"viewer"') && !text.includes('"errors"'), 'the first operation has a result');

    await page.locator('#graphiql-session-tab-1').click();
    const variables = page.locator('[aria-label="Variables"] .view-lines').first();
    await variables.getByText('"billTargetDate"').first().waitFor({ timeout: 10_000 });
    expectThat(true, 'the seed request has its variables');

    await page.locator('button[aria-label="Show Samples"]').click();
    await page.getByText('Watch the fulfillments').click();
    await page.locator('button[aria-label="Hide Samples"]').click();
    await page.locator('.graphiql-execute-button').click();
    const executing = /"Executing",\s*"count":\s*(\d+)/;
    const shown = async () =>
      Number(executing.exec(((await result.textContent()) ?? '').replaceAll('\u00a0', ' '))?.[1]);
    for (let looks = 0; looks < 100 && Number.isNaN(await shown()); looks++) await page.waitForTimeout(100);
    const before = await shown();
    await page.evaluate(createOne);
    for (let looks = 0; looks < 100 && (await shown()) !== before + 1; looks++) await page.waitForTimeout(100);
    expectThat(
      (await shown()) === before + 1,
      `a subscription shows a change: ${before} and ${await shown()} are Executing`,
    );
    await page.locator('.graphiql-execute-button').click();

    await page.locator('#graphiql-session-tab-0').click();
    await page.waitForTimeout(1000);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

    const url = new URL('/playground', baseUrl).href;
    await checkReplies(watched, url, expectThat);
    await checkSamples(watched, url, expectThat);
    await checkCodes(watched, url, createOne, expectThat);
    await checkSchema(watched, url, expectThat);
    await checkLooks(watched, url, panels, expectThat);
    await checkNarrow(watched, url, expectThat);
    await checkDemoBoard(watched, new URL('/board', baseUrl).href, expectThat);
    await checkDocs(watched, baseUrl, expectThat);

    expectThat(leaving.length === 0, `${leaving.length} requests leave the machine ${leaving.join(' ')}`);
    expectThat(violations.length === 0, `${violations.length} CSP violations ${violations.join(' ')}`);
    expectThat(errors.length === 0, `${errors.length} other errors ${errors.join(' | ')}`);

    // Last, since the server refuses this token, which the console reports as an error.
    const sent = page.waitForRequest((request) => request.postData()?.includes('query Explore') ?? false);
    await page.locator('button[data-name="headers"]').click();
    await page.locator('[aria-label="Headers"] .graphiql-editor:not(.hidden) .view-lines').click();
    await page.keyboard.insertText('{"authorization": "Bearer typed-by-hand"}');
    await page.locator('.graphiql-execute-button').click();
    const { authorization } = (await sent).headers();
    expectThat(authorization === 'Bearer typed-by-hand', 'an Authorization in the headers editor wins');
    await page.locator('.page-bar').getByText('refused the token').waitFor();
    await page.waitForTimeout(1000);
    const kept = String(await page.evaluate('JSON.stringify(localStorage)'));
    expectThat(kept.includes('query Explore') && !/bearer|typed-by-hand/i.test(kept), 'and is not kept in the browser');
  } catch (error) {
    await watched.showPages();
    throw error;
  } finally {
    await watched.close();
  }
  if (watched.failures.length) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

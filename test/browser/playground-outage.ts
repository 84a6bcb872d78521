import type { Page } from 'playwright-core';
import type { Servers } from './board-work';
import type { Expect } from './watch';

/** The server of a demo goes away and comes back with another signing key, while the playground follows a subscription. */
export async function checkPlaygroundOutage(
  page: Page,
  url: string,
  servers: Pick<Servers, 'stop' | 'start'>,
  expectThat: Expect,
): Promise<void> {
  const run = page.locator('.graphiql-execute-button');
  const result = page.locator('.result-window .view-lines');
  const subscribed = await page.context().newPage();
  for (const each of [subscribed, page]) {
    await each.goto(url);
    await each.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 20_000 });
    await each.locator('.page-who').getByText('Demo').waitFor();
  }
  await subscribed.bringToFront();
  await subscribed.locator('button[aria-label="Show Samples"]').click();
  await subscribed.getByText('Watch the fulfillments').click();
  await subscribed.waitForTimeout(400);
  await subscribed.locator('.graphiql-execute-button').click();
  await subscribed.getByText('Answer 1').waitFor();

  await servers.stop();
  await page.bringToFront();
  await run.click();
  await result.getByText('cannot be reached').first().waitFor();
  const told = (await result.textContent()) ?? '';
  expectThat(!/stack|\bat \w+/.test(told), 'the playground says that the server is gone, in words');

  await servers.start();
  await run.click();
  await result.getByText('"data"').waitFor();
  await subscribed.bringToFront();
  // The client of the subscription waits for up to 16 seconds before a try.
  await subscribed.getByText('Answer 2').waitFor({ timeout: 40_000 });
  const bars = (await page.locator('.page-bar').count()) + (await subscribed.locator('.page-bar').count());
  expectThat(bars === 0, 'when it is back, requests and the subscription go on with another token');
}

import type { Opener } from './accessible';

/** The page at /v1/docs of a demo: shows every operation, signs in, and sends a request. */
export async function checkDocs(
  browser: Opener,
  baseUrl: string,
  expectThat: (holds: boolean, what: string) => void,
): Promise<void> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(new URL('/v1/docs', baseUrl).href);
  await page.locator('.opblock').first().waitFor({ timeout: 20_000 });
  const reply = await fetch(new URL('/v1/openapi.json', baseUrl));
  const { paths } = (await reply.json()) as { paths: Record<string, object> };
  const declared = Object.values(paths).flatMap((path) => Object.keys(path)).length;
  const shown = await page.locator('.opblock').count();
  expectThat(shown === declared, `/v1/docs shows ${shown} of ${declared} operations`);

  await page.locator('button.authorize').first().click();
  await page.locator('.auth-container a', { hasText: 'select all' }).click();
  await page.locator('.auth-btn-wrapper button.authorize').click();
  await page.locator('.auth-container').getByText('Logout').waitFor();
  await page.locator('.auth-btn-wrapper .btn-done').click();

  const read = page.locator('.opblock', { hasText: '/v1/order-line-items/{id}' }).filter({ hasText: 'Retrieve' });
  await read.locator('.opblock-summary-control').click();
  await read.locator('.try-out__btn').click();
  await read.locator('tr[data-param-name="id"] input').fill('4028828c82819b740182821bb23e15c4');
  await read.locator('button.execute').click();
  await read.locator('.live-responses-table .microlight, .live-responses-table pre').first().waitFor();
  const answered = (await read.locator('.live-responses-table').textContent()) ?? '';
  expectThat(answered.includes('"itemName"'), '/v1/docs signs in with the credentials of the demo, and shows a reply');
}

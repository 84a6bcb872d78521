import path from 'node:path';
import { chromium, type Page } from 'playwright-core';

// Makes the pictures of the README from a running demo that was just filled: npm run demo:reset, npm start.
//   BASE_URL=http://127.0.0.1:4000 node dist/test/browser/pictures.js [folder]
// CHROMIUM names another browser.

const baseUrl = process.env.BASE_URL ?? 'http://127.0.0.1:4000';
const folder = process.argv[2] ?? path.resolve(__dirname, '../../../docs');

async function keep(page: Page, name: string): Promise<void> {
  // No pointer and no focus in the picture, and no letter half drawn.
  await page.mouse.move(0, 0);
  await page.evaluate('document.activeElement.blur()');
  await page.waitForTimeout(1_000);
  const file = path.join(folder, name);
  await page.screenshot({ path: file });
  console.log(file);
}

async function main(): Promise<void> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 860 }, colorScheme: 'light' });
    await page.goto(new URL('/playground', baseUrl).href);
    await page.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 20_000 });
    await page.locator('.page-who').getByText('Demo').waitFor();
    await page.locator('button[aria-label="Show Samples"]').click();
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.page-reply b').first().waitFor();
    await keep(page, 'playground.png');

    // Billed by a run, and paid.
    await page.goto(new URL('/board#/?open=F-00000006', baseUrl).href);
    await page.locator('.drawer .history').waitFor();
    await keep(page, 'board.png');
  } finally {
    await browser.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

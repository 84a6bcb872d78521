import type { Page } from 'playwright-core';
import type { Expect } from './watch';

/** Signs a person in from the page that asks for it. */
export async function signIn(page: Page, person = 'Ada Martin'): Promise<void> {
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: `Sign in as ${person}` }).click();
  await page.locator('.who').getByText(person).waitFor();
}

/** A person of a group that the gateway does not know. */
export async function checkStranger(page: Page, url: string, expectThat: Expect): Promise<void> {
  await page.goto(url);
  await signIn(page, 'Dee Okafor');
  const told = page.getByRole('main').getByRole('alert').first();
  await told.waitFor();
  const text = (await told.textContent()) ?? '';
  expectThat(/group/.test(text), `who has no rights is told so: ${text}`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Signing in, staying signed in, and what goes wrong with it. */
export async function checkSignIn(page: Page, url: string, expectThat: Expect): Promise<void> {
  const codes: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('code=')) codes.push(request.url());
  });
  await page.goto(`${url}#/orders`);
  await page.getByText('Sign in to see the board.').waitFor();
  expectThat(true, 'who is not signed in is asked to');
  await signIn(page);
  expectThat(page.url() === `${url}#/orders`, `signing in leads back to the screen, without a code: ${page.url()}`);

  await page.reload();
  await page.locator('.who').getByText('Ada Martin at Northwind Devices').waitFor();
  expectThat(true, 'after a reload the person is signed in silently');
  const kept = String(
    await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])'),
  );
  expectThat(!/eyJ|verifier/.test(kept), `no token is kept in the browser: ${kept}`);

  await page.goto('about:blank');
  await page.goto(codes[0]);
  await page.getByText('was not begun here, or was completed before').waitFor();
  expectThat(true, 'a code that was used is refused in words');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.who').getByText('Ada Martin').waitFor();
  expectThat(true, 'and a button begins again');

  // As if the answer to another sign-in had come: the state is not that of the one that was begun.
  await page.evaluate(
    `sessionStorage.setItem('board-sign-in', '{"verifier":"v","state":"mine","nonce":"n","hash":"#/bill-runs"}')`,
  );
  await page.goto(`${url}?code=another&state=theirs`);
  await page.getByText('This sign-in was not begun here.').waitFor();
  expectThat(!page.url().includes('code='), 'a state that does not match is refused in words');
  await page.evaluate(
    `sessionStorage.setItem('board-sign-in', '{"verifier":"${'v'.repeat(43)}","state":"mine","nonce":"n","hash":""}')`,
  );
  await page.goto(
    `${url}?code=unknown&state=mine&iss=${encodeURIComponent(new URL(codes[0]).searchParams.get('iss') ?? '')}`,
  );
  await page.getByText('was completed before, or took too long').waitFor();
  expectThat(true, 'a code that the issuer refuses is told in words');
  await page.goto(url);
  await page.locator('.who').getByText('Ada Martin').waitFor();
}

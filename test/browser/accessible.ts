import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';

/** Opens contexts that are watched for what leaves the machine, and for errors. */
export type Opener = Pick<Browser, 'newContext'>;

/** The four ways in which the page is looked at: light and dark, on a desk and on a telephone. */
export const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ].map((viewport) => ({ colorScheme, viewport })),
);

/** What axe-core finds on the page as it stands: one line for each serious or critical violation. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run(document)')) as axe.AxeResults;
  const moderate = ['landmark-one-main', 'page-has-heading-one'];
  return violations
    .filter(({ id, impact }) => impact === 'serious' || impact === 'critical' || moderate.includes(id))
    .map(({ id, nodes }) => `${id} ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/**
 * Looks at the page in light and dark, at 1440 and 390 px, with each panel in turn. `expectThat` is told what holds.
 * With PICTURES, a folder, each look is kept as a picture.
 */
export async function checkLooks(
  browser: Opener,
  url: string,
  panels: readonly string[],
  expectThat: (holds: boolean, what: string) => void,
): Promise<void> {
  for (const { colorScheme, viewport } of looks) {
    const context = await browser.newContext({ colorScheme, viewport });
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 20_000 });
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window .view-lines').getByText('"data"').waitFor({ timeout: 20_000 });
    for (const panel of ['', ...panels]) {
      const what = `${colorScheme}, ${viewport.width} px, ${panel || 'no panel'}`;
      if (panel) await page.locator(`button[aria-label="Show ${panel}"]`).click();
      await page.waitForTimeout(500);
      const found = await findings(page);
      expectThat(found.length === 0, `axe-core finds nothing: ${what} ${found.join(' | ')}`);
      const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
      expectThat(width <= viewport.width, `nothing is wider than the screen: ${what}, ${width} px`);
      if (process.env.PICTURES) {
        await page.screenshot({ path: `${process.env.PICTURES}/${what.replaceAll(/\W+/g, '-')}.png` });
      }
      if (viewport.width === 390 && !panel)
        expectThat(await stacked(page), `the reply is below the operation: ${what}`);
      if (!panel) {
        const cut = await page.evaluate(cutLines);
        expectThat(cut === 0, `lines of the operation wrap: ${what}, ${cut} are cut`);
      }
      if (viewport.width === 1440 && panel) {
        const share = await editorShare(page);
        expectThat(share >= 0.5, `the operation keeps half beside a panel: ${what}, ${Math.round(share * 100)} %`);
      }
      if (panel) await page.locator(`button[aria-label="Hide ${panel}"]`).click();
    }
    await context.close();
  }
}

/** A tablet, and a screen at 200 %: nothing lies on anything else, and what does not fit can be scrolled to. */
export async function checkNarrow(
  browser: Opener,
  url: string,
  expectThat: (holds: boolean, what: string) => void,
): Promise<void> {
  for (const viewport of [
    { width: 768, height: 1024 },
    { width: 720, height: 450 },
  ]) {
    const what = `${viewport.width} x ${viewport.height}`;
    const page = await (await browser.newContext({ viewport })).newPage();
    await page.goto(url);
    await page.locator('.graphiql-query-editor .view-line').first().waitFor({ timeout: 20_000 });
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.page-reply b').first().waitFor();
    expectThat(await stacked(page), `the reply is below the operation: ${what}`);
    const editors = await page.locator('.graphiql-editors').boundingBox();
    const tools = await page.locator('.graphiql-editor-tools').boundingBox();
    const inside = tools && editors && tools.y + tools.height <= editors.y + editors.height + 1;
    expectThat(Boolean(inside), `the variables lie within the editor: ${what}`);
    await page.context().close();
  }
}

const cutLines = `(() => {
  const { right } = document.querySelector('.graphiql-query-editor .monaco-editor').getBoundingClientRect();
  const texts = [...document.querySelectorAll('.graphiql-query-editor .view-line > span')];
  return texts.filter((text) => text.getBoundingClientRect().right > right).length;
})()`;

async function boxes(page: Page) {
  const of = async (selector: string) => {
    const box = await page.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not drawn`);
    return box;
  };
  return { editor: await of('.graphiql-editors'), reply: await of('.graphiql-response') };
}

async function stacked(page: Page): Promise<boolean> {
  const { editor, reply } = await boxes(page);
  return reply.y >= editor.y + editor.height && Math.min(editor.width, reply.width) > 350 && reply.height > 200;
}

async function editorShare(page: Page): Promise<number> {
  const { editor, reply } = await boxes(page);
  return editor.width / (editor.width + reply.width);
}

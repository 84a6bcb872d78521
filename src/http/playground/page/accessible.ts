/**
 * GraphiQL marks its tabs as role="tab" and puts two buttons into each, which assistive technology cannot reach: a tab
 * has no parts. Here they become a list of buttons, of which one is current. The roles are constants inside GraphiQL, so
 * they are changed in the document, again after each of its renders.
 *
 * Returns what ends the watch.
 */
export function watchTabs(root: HTMLElement): () => void {
  const observer = new MutationObserver(() => correct(root));
  const watched = { subtree: true, childList: true, attributes: true, attributeFilter: ['role', 'aria-selected'] };
  observer.observe(root, watched);
  correct(root);
  return () => observer.disconnect();
}

/** Corrects what GraphiQL has drawn. Sets no attribute that has its value already, or each change would cause another. */
function correct(root: HTMLElement): void {
  const list = root.querySelector('.graphiql-tabs');
  if (!list) return;
  if (list.hasAttribute('role')) {
    list.removeAttribute('role');
    list.setAttribute('aria-label', 'Open operations');
  }
  for (const tab of list.querySelectorAll('.graphiql-tab')) {
    if (tab.hasAttribute('role')) tab.removeAttribute('role');
    const selected = tab.getAttribute('aria-selected');
    const button = tab.querySelector('.graphiql-tab-button');
    if (selected !== null) {
      tab.removeAttribute('aria-selected');
      button?.setAttribute('aria-current', selected);
    }
    tab.querySelector('.graphiql-tab-close')?.setAttribute('aria-label', `Close ${button?.textContent}`);
  }
  // The name of such a button says what it does, and hides which operation it opens.
  for (const item of root.querySelectorAll('.graphiql-history-item-label')) item.removeAttribute('aria-label');
  const session = root.querySelector('#graphiql-session');
  if (session?.getAttribute('role') === 'tabpanel') session.setAttribute('role', 'region');
}

/**
 * GraphiQL's explorer draws its fields as text that can be clicked, and inputs without names. Here each gets a name,
 * and fields and arguments can be reached and worked by keyboard. Returns what ends the watch.
 */
export function watchExplorer(panel: HTMLElement): () => void {
  const observer = new MutationObserver(() => nameParts(panel));
  observer.observe(panel, { subtree: true, childList: true });
  panel.addEventListener('keydown', press);
  nameParts(panel);
  return () => {
    observer.disconnect();
    panel.removeEventListener('keydown', press);
  };
}

function nameParts(panel: HTMLElement): void {
  for (const input of panel.querySelectorAll<HTMLElement>('input:not([aria-label]), select:not([aria-label])')) {
    const argument = input.closest<HTMLElement>('[data-arg-name]')?.dataset.argName;
    input.setAttribute('aria-label', argument ?? input.getAttribute('placeholder') ?? 'Kind of operation to add');
  }
  for (const part of panel.querySelectorAll<HTMLElement>('span[style*="cursor: pointer"]:not([role])')) {
    part.setAttribute('role', 'button');
    part.tabIndex = 0;
  }
}

function press(event: KeyboardEvent): void {
  const { target, key } = event;
  if ((key !== 'Enter' && key !== ' ') || !(target instanceof HTMLElement) || target.role !== 'button') return;
  event.preventDefault();
  target.click();
}

import { groups } from './people.mjs';

const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const box = (group, isIn) =>
  `<label><input type="checkbox" name="group" value="${escaped(group)}"${isIn ? ' checked' : ''}> ${escaped(group)}</label>`;

const form = ([sub, person]) => `<form method="post">
  <h2>${escaped(person.name)}</h2>
  ${groups.map((group) => box(group, person.groups.includes(group))).join('\n  ')}
  <button name="person" value="${escaped(sub)}">Sign in as ${escaped(person.name)}</button>
</form>`;

/** A page with one form for each person. Its boxes are the person's groups from the next token on. */
export const loginPage = (people) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  main { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
  form { display: grid; gap: .25rem; padding: 1rem; border: 1px solid #8886; border-radius: .5rem; }
  h2 { margin: 0; font-size: 1.1rem; }
  button { margin-top: .75rem; padding: .5rem; font: inherit; cursor: pointer; }
</style>
<h1>Sign in</h1>
<p>A demo without passwords: choose who you are, and in which groups.</p>
<main>
${[...people].map(form).join('\n')}
</main>
</html>
`;

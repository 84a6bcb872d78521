import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { scopeMeanings, scopes } from '../domain/caller';
import { graphqlErrorCodes, requestErrorCodes, userErrorCodes } from '../domain/errors';
import { fulfillmentStates, startStates, transitions } from '../domain/fulfillment';
import { limits } from '../domain/limits';
import { type BillingRule } from '../domain/order-line-item';
import { lineStartStates, orderLineItemTransitions } from '../domain/order-line-item-move';
import { schemaText } from '../graph/build/schema';
import { fulfillmentResource } from '../http/rest/envelope';
import { postmanCollection } from '../http/rest/postman';
import { freshRights } from '../store/connection/database';
import { startEmbedded } from '../store/embedded/embedded';
import { apolloPoliciesModule, embeddedRows, graphcacheKeysModule, possibleTypesModule } from './cache-policies';
import { withoutArguments } from './command';
import { picture, pictureNames, waysIn } from './picture';

/**
 * `npm run generate`: writes schema.graphql, the Postman collection, and the parts of README.md and docs that follow from the code. A test
 * fails if a committed file differs from this output.
 */
export function generated(read: (file: string) => string): Record<string, string> {
  const files = Object.entries(documents).map(([file, names]) => [file, filled(file, read(file), names)]);
  return {
    'schema.graphql': schemaText(),
    'docs/postman-collection.json': `${JSON.stringify(postmanCollection(), null, 2)}\n`,
    ...Object.fromEntries(files),
  };
}

/** A document with its blocks filled in, each between the two comments that name the block. */
function filled(file: string, before: string, names: string[]): string {
  let text = before;
  for (const name of names) {
    const around = new RegExp(`(<!-- ${name}: npm run generate -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
    if (!around.test(text)) throw new Error(`${file} has no place for ${name}`);
    text = text.replace(around, (_, begin, end) => `${begin}${blocks[name]()}\n${end}`);
  }
  return text;
}

const row = (...cells: (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: string[], rows: string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

interface ErrorRow {
  code: string;
  status: number;
  category?: number;
  retryable: boolean;
  meaning: string;
}

const errorTable = (rows: ErrorRow[]): string =>
  table(
    ['code', 'REST code', 'HTTP', 'retry', 'meaning'],
    rows.map(({ code, category, status, retryable, meaning }) =>
      row(`\`${code}\``, category ? fulfillmentResource * 100 + category : '', status, retryable ? 'yes' : '', meaning),
    ),
  );

/** All printed blocks, by name. */
const blocks: Record<string, () => string> = {
  'state table': () =>
    table(
      ['from \\ to', ...fulfillmentStates],
      [
        row(
          '*(create)*',
          ...fulfillmentStates.map((to) => (startStates.some(({ state }) => state === to) ? 'yes' : 'no')),
        ),
        ...fulfillmentStates.map((from) => row(from, ...fulfillmentStates.map((to) => cell(from, to)))),
      ],
    ),
  'state diagram': () =>
    [
      '```mermaid',
      'stateDiagram-v2',
      ...startStates.map(({ state }) => `  [*] --> ${state}`),
      ...transitions.map(({ from, to, action, path }) => `  ${from} --> ${to}: ${action} (path ${path})`),
      ...fulfillmentStates
        .filter((state) => !transitions.some(({ from }) => from === state))
        .map((state) => `  ${state} --> [*]`),
      '```',
    ].join('\n'),
  'line item table without fulfillments': () => lineTable('TriggerWithoutFulfillment'),
  'line item table with fulfillments': () => lineTable('TriggerAsFulfillmentOccurs'),
  scopes: () =>
    table(
      ['scope', 'for'],
      scopes.map((scope) => row(`\`${scope}\``, scopeMeanings[scope])),
    ),
  'user errors': () =>
    errorTable(
      Object.entries(userErrorCodes).map(([code, each]) => ({ code, status: 200, retryable: false, ...each })),
    ),
  limits: () =>
    table(
      ['variable', 'default', 'limit', 'refused with', 'what it counts'],
      Object.entries(limits).map(([name, { variable, standard, code, meaning }]) =>
        row(`\`${variable}\``, standard, `\`${name}\``, `\`${code}\``, meaning),
      ),
    ),
  'request errors': () =>
    errorTable([
      ...Object.entries(requestErrorCodes).map(([code, each]) => ({ code, retryable: false, ...each })),
      ...Object.entries(graphqlErrorCodes).map(([code, each]) => ({ code, retryable: false, ...each })),
    ]),
  'ways in': () => {
    const code = (text: string | undefined) => (text ? `\`${text}\`` : '');
    return table(
      ['type', 'what it is', 'one', 'list'],
      waysIn().map(({ type, meaning, one, list }) => row(`\`${type}\``, meaning, code(one), code(list))),
    );
  },
  'objects without an id': () =>
    table(
      ['type', 'found at', 'why it has no id'],
      embeddedRows().map((cells) => row(...cells)),
    ),
  'possible types': possibleTypesModule,
  'type policies': apolloPoliciesModule,
  'graphcache keys': graphcacheKeysModule,
  ...Object.fromEntries(pictureNames.map((name) => [`picture of ${name}`, () => picture(name)])),
};

/** The blocks of each page. */
const documents: Record<string, string[]> = {
  'README.md': ['state diagram'],
  'docs/states.md': ['state table', 'line item table with fulfillments', 'line item table without fulfillments'],
  'docs/http.md': ['scopes'],
  'docs/errors.md': ['user errors', 'request errors'],
  'docs/limits.md': ['limits'],
  'docs/frontend.md': ['objects without an id', 'possible types', 'type policies', 'graphcache keys'],
  'docs/graph.md': ['ways in', ...pictureNames.map((name) => `picture of ${name}`)],
};

function lineTable(rule: BillingRule): string {
  const moves = orderLineItemTransitions.filter(({ billingRule }) => billingRule === rule);
  const states = fulfillmentStates.filter(
    (state) => lineStartStates[rule].includes(state) || moves.some(({ to }) => to === state),
  );
  const lineCell = (from: string, to: string) => {
    const move = moves.find((each) => each.from === from && each.to === to);
    return from === to ? '-' : !move ? 'no' : move.by === 'system' ? 'by itself' : 'yes';
  };
  return table(
    ['from \\ to', ...states],
    [
      row('*(create)*', ...states.map((to) => (lineStartStates[rule].includes(to) ? 'yes' : 'no'))),
      ...states.map((from) => row(from, ...states.map((to) => lineCell(from, to)))),
    ],
  );
}

function cell(from: string, to: string): string {
  if (from === to) return '-';
  return transitions.find((move) => move.from === from && move.to === to)?.action ?? 'no';
}

/** The file of the rights that a fresh migration makes. */
export const rightsFile = 'src/store/connection/expected-rights.ts';

/**
 * The text of `rightsFile`, from the database of a fresh migration. `url`: an empty database of a superuser, in which
 * only the rights of the migrations themselves count.
 */
export async function generatedRights(url: string): Promise<string> {
  const rights = await freshRights(url);
  const quoted = (right: string) => (right.includes("'") ? JSON.stringify(right) : `'${right}'`);
  return `/* What \`npm run generate\` reads in a database after all migrations. rights.ts says what it means. */

/** The rights of the roles of the gateway, each as the statement that makes it. */
export const expectedRights: readonly string[] = [
${rights.map((right) => `  ${quoted(right)},\n`).join('')}];
`;
}

async function writeAll(): Promise<void> {
  const read = (file: string) => readFileSync(file, 'utf8');
  for (const [file, text] of Object.entries(generated(read))) writeFileSync(file, text);
  const dir = mkdtempSync(path.join(tmpdir(), 'generate-'));
  const { url, stop } = await startEmbedded({ dir, database: 'gateway' });
  try {
    writeFileSync(rightsFile, await generatedRights(url));
  } finally {
    await stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (require.main === module) {
  withoutArguments(
    'Usage: npm run generate\n\nWrites schema.graphql, the Postman collection, the rights of the roles, and the parts of README.md and docs that follow from the code.',
  );
  writeAll().catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  });
}

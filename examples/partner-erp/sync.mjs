import { parseArgs } from 'node:util';
import { load, save } from './durable.mjs';
import { ask } from './gateway.mjs';

/*
 * Follows all changes of fulfillments, and keeps a copy of them. The cursor is saved together with what it stands for. So a
 * run that is killed begins behind the last page that it has saved: no event is lost, and none counts twice.
 */

const { values } = parseArgs({ options: { follow: { type: 'boolean', default: false } } });
const file = 'copy.json';
const pauseMs = 1_000;
const empty = () => ({ cursor: null, events: 0, fulfillments: {} });

let copy = load(file) ?? empty();

async function nextPage() {
  try {
    return (await ask('Changes', { after: copy.cursor })).events;
  } catch (error) {
    if (error.code !== 'BAD_CURSOR') throw error;
    // The gateway's database was restored from a backup: what we know beyond it never was. The history has all from the start.
    console.error('Begins anew: the history is another one.');
    copy = empty();
    return (await ask('Changes', { after: null })).events;
  }
}

for (;;) {
  const { nodes, pageInfo } = await nextPage();
  for (const { subjectId, subject } of nodes) {
    copy.events++;
    // The event says that something changed, the subject what it is by now. A deleted one is null.
    if (subject) copy.fulfillments[subjectId] = subject;
    else delete copy.fulfillments[subjectId];
  }
  if (pageInfo.endCursor !== copy.cursor) {
    copy.cursor = pageInfo.endCursor;
    save(file, copy);
  }
  if (nodes.length) console.log(`${copy.events} events, ${Object.keys(copy.fulfillments).length} fulfillments`);
  if (pageInfo.hasNextPage) continue;
  if (!values.follow) break;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}

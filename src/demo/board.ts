import type { Config } from '../config';
import { schema } from '../graph/build/schema';
import { checkDocument } from '../graph/guard/document-check';
import { DocumentLimits } from '../graph/guard/limits';
import { boardDocuments } from '../http/board/plugin';
import { managedClient, registerDocuments } from '../service/registered-document';
import type { Database } from '../store/connection/database';
import { transactionAside } from '../store/connection/lease';
import { demoClientId } from './fill';

/**
 * Registers the documents of the board for the demo's main client, at each start: a new version of the board has others.
 * Nothing happens where the board was not built.
 */
export async function registerBoard(
  db: Database,
  { limits, introspection }: Config,
  manifest = boardDocuments(),
): Promise<void> {
  if (!manifest) return;
  const documentLimits = new DocumentLimits(limits, introspection);
  await transactionAside(db.side, async (connection) => {
    const id = await managedClient(connection, demoClientId);
    await registerDocuments(connection, id, manifest, (text) => checkDocument(schema(), text, documentLimits));
  });
}

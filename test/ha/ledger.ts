/* What a load was told, kept outside of the database, and held against the database at the end. */

/** One effect that was asked for. */
export interface Effect {
  /** Stands in the row that the effect makes, and in no other. */
  name: string;
  kind: 'account' | 'order' | 'fulfillment' | 'bill' | 'payment';
  /** `keyed` effects were asked for again and again until they were answered; the others once. */
  keyed: boolean;
  /** What the reply said: the effect took place, was refused, or nobody knows. */
  told: 'done' | 'refused' | 'unknown';
  /** Ids from the reply. */
  ids: readonly string[];
}

type Ask = <T>(text: string, values?: unknown[]) => Promise<T[]>;

/** How often each effect is in the database. */
const counted: Record<Effect['kind'], string> = {
  account: 'select name, count(*)::integer as times from account group by 1',
  order: 'select item_name as name, count(*)::integer as times from order_line_item group by 1',
  fulfillment: 'select external_id as name, count(*)::integer as times from fulfillment group by 1',
  bill: `select f.external_id as name, count(i.id)::integer as times from fulfillment f
    join invoice_item i on i.entity_id = f.entity_id and i.fulfillment_id = f.id group by 1`,
  payment: `select f.external_id as name, count(distinct c.key)::integer as times from fulfillment f
    join invoice_item i on i.entity_id = f.entity_id and i.fulfillment_id = f.id
    join payment_application a on a.entity_id = i.entity_id and a.invoice_id = i.invoice_id
    join payment p on p.entity_id = a.entity_id and p.id = a.payment_id
    join test_gateway.charge c on c.key = p.attempt_id and c.status = 'Captured' group by 1`,
};

/** The tables in which the ids of replies are looked for. */
const tableOf = {
  account: 'account',
  order: 'order_line_item',
  fulfillment: 'fulfillment',
  bill: 'invoice',
  payment: 'payment',
} as const;

interface Reckoning {
  /** Told as done, and not there. */
  lost: string[];
  /** There more than once. */
  twice: string[];
  /** Told as refused, and there. */
  refusedAndThere: string[];
  /** Ids that a reply named, and that are not there. */
  idsLost: string[];
}

/** Holds all effects against the database. Each list is empty where nothing was lost and nothing is there twice. */
export async function reckon(effects: readonly Effect[], ask: Ask): Promise<Reckoning> {
  const found: Reckoning = { lost: [], twice: [], refusedAndThere: [], idsLost: [] };
  for (const kind of Object.keys(counted) as Effect['kind'][]) {
    const all = effects.filter((effect) => effect.kind === kind);
    const rows = await ask<{ name: string; times: number }>(counted[kind]);
    const times = new Map(rows.map((row) => [row.name, row.times]));
    const known = new Set((await ask<{ id: string }>(`select id from ${tableOf[kind]}`)).map(({ id }) => bare(id)));
    for (const { name, told, ids } of all) {
      const count = times.get(name) ?? 0;
      if (told === 'done' && count === 0) found.lost.push(`${kind} ${name}`);
      if (told === 'refused' && count > 0) found.refusedAndThere.push(`${kind} ${name}`);
      if (count > 1) found.twice.push(`${kind} ${name}`);
      for (const id of ids) if (!known.has(bare(id))) found.idsLost.push(`${kind} ${name} ${id}`);
    }
  }
  return found;
}

const bare = (id: string): string => id.replaceAll('-', '');

import type { TestDatabase } from './database';

/**
 * Prices the line items of an account so that a few units of them, two where nothing else is said, are more than a document can
 * be: as a line item that was made before its amount was limited.
 */
export async function priceBeyond({ owner }: TestDatabase, accountId: string, price = '9999999999999'): Promise<void> {
  await owner('update order_line_item set list_price_per_unit = $2, amount_per_unit = $2 where account_id = $1', [
    accountId,
    price,
  ]);
  await owner('update fulfillment set amount = quantity * $2 where account_id = $1', [accountId, price]);
}

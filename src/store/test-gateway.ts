import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { ChargeStatus, GatewayCharge } from '../domain/payment';
import type { Connection } from './connection/connection';

/**
 * The ledger of the test gateway, in its own schema and written only on its own connections. Like an outside payment
 * gateway, it keeps a charge even if the caller's transaction is rolled back.
 */
@Entity('charge', { schema: 'test_gateway' })
@Check('charge_refunded', 'refunded >= 0 and refunded <= amount')
export class TestGatewayChargeRow {
  @PrimaryColumn('uuid') key: string;
  @Column('text') token: string;
  @Column('numeric') amount: string;
  @Column('text') currency: string;
  @Column('enum', {
    enum: ['Authorized', 'Captured', 'Voided', 'Refunded', 'Declined'],
    enumName: 'charge_status',
  })
  status: ChargeStatus;
  @Column('numeric') refunded: string;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
}

@Entity('refund', { schema: 'test_gateway' })
@ForeignKey(() => TestGatewayChargeRow, ['chargeKey'], ['key'])
export class TestGatewayRefundRow {
  @PrimaryColumn('uuid') key: string;
  @Column('uuid') chargeKey: string;
  @Column('numeric') amount: string;
}

/** The ledger's statements. Each is one atomic step under the charge's key. */
export class TestGatewayLedger {
  constructor(private readonly connection: Connection) {}

  /** Records a charge unless its key is known. Returns the charge stored under the key. */
  async record(charge: {
    key: string;
    token: string;
    amount: string;
    currency: string;
    status: ChargeStatus;
  }): Promise<GatewayCharge> {
    await this.connection.query(
      `insert into test_gateway.charge (key, token, amount, currency, status, refunded, created_date)
       values ($1, $2, $3, $4, $5, 0, now()) on conflict (key) do nothing`,
      [charge.key, charge.token, charge.amount, charge.currency, charge.status],
    );
    return (await this.find(charge.key))!;
  }

  async find(key: string): Promise<GatewayCharge | undefined> {
    const [row] = await this.connection.query<GatewayCharge>(
      'select key, status, amount, currency, refunded from test_gateway.charge where key = $1',
      [key],
    );
    return row;
  }

  /** Moves a charge from one status to another. Returns its status afterwards. */
  async move(key: string, from: ChargeStatus, to: ChargeStatus): Promise<ChargeStatus | undefined> {
    await this.connection.query('update test_gateway.charge set status = $3 where key = $1 and status = $2', [
      key,
      from,
      to,
    ]);
    return (await this.find(key))?.status;
  }

  /** Pays back once per refund key, and never more than was captured. False if too little is left. */
  async refund(key: string, refundKey: string, amount: string): Promise<boolean> {
    await this.connection
      .query(
        `with fresh as (
           update test_gateway.charge set refunded = refunded + $3::numeric,
             status = case when refunded + $3::numeric = amount then 'Refunded'::test_gateway.charge_status else status end
           where key = $1 and status = 'Captured' and refunded + $3::numeric <= amount
             and not exists (select from test_gateway.refund where key = $2)
           returning key
         )
         insert into test_gateway.refund (key, charge_key, amount) select $2, key, $3 from fresh`,
        [key, refundKey, amount],
      )
      .catch((error) => {
        // A concurrent request with the same key was first.
        if (error.code !== '23505') throw error;
      });
    // A new statement: a request that waited for its duplicate does not see the duplicate's writes in its own snapshot.
    return (await this.connection.query('select from test_gateway.refund where key = $1', [refundKey])).length === 1;
  }
}

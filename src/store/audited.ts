import { Column, PrimaryColumn } from 'typeorm';

/**
 * A text that is looked up by prefix or sorted, compared by code points, independent of the database's collation. An
 * index in another collation cannot serve a prefix. A library update can change a collation, which breaks the index and
 * moves rows between pages.
 */
export const byCodePoints = { type: 'text', collation: 'C' } as const;

/**
 * The columns of every row of business data. `entityId` and `orgId` are its scope: each statement over business data
 * names both (`Scoped` in connection/connection.ts). `createdById` and `updatedById` are ids of OAuth clients.
 */
export abstract class Audited {
  @PrimaryColumn('uuid') entityId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('uuid') orgId: string;
  @Column('integer') version: number;
  @Column('timestamp with time zone', { precision: 3 }) createdDate: string;
  @Column('uuid') createdById: string;
  @Column('timestamp with time zone', { precision: 3 }) updatedDate: string;
  @Column('uuid') updatedById: string;
}

import { DefaultNamingStrategy } from 'typeorm';

/** Columns have names in snake case: orderLineItemId is order_line_item_id. */
export class SnakeNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName?: string): string {
    return customName || propertyName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}

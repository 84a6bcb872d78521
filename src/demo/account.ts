import type { CreateAccountInput } from '../service/account';
import type { DemoOrder } from './orders';

export interface DemoAccount {
  account: CreateAccountInput;
  orders: DemoOrder[];
}

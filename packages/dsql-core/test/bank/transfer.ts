import type { TransactionOptions } from "dsql-core";

/** Accounts of the bank, and their initial balance. */
export const ACCOUNTS = 40;
export const OPENING_BALANCE = 1000;

/** A payment from one account to another, with a unique id. */
export interface Transfer {
  id: string;
  from: number;
  to: number;
  amount: number;
}

/** The account has less than the transfer takes; nothing is stored. */
export class InsufficientFundsError extends Error {}

/** One way to make a transfer: reads both balances, writes both, and adds the transfer to the ledger. */
export interface Teller {
  transfer(transfer: Transfer, options: TransactionOptions): Promise<void>;
  /** Whether the ledger holds a transfer. */
  isStored(id: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The two new balances. @throws InsufficientFundsError */
export function newBalances(
  { from, to, amount }: Transfer,
  balances: ReadonlyMap<number, number>,
): { id: number; balance: number }[] {
  const left = (balances.get(from) ?? 0) - amount;
  if (left < 0) throw new InsufficientFundsError();
  return [
    { id: from, balance: left },
    { id: to, balance: (balances.get(to) ?? 0) + amount },
  ];
}

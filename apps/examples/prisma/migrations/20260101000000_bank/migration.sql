CREATE TABLE "accounts" (
    "id" INTEGER NOT NULL,
    "owner" TEXT NOT NULL,
    "balance" INTEGER NOT NULL,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- The constraint transfers_from_account_fkey of line 24 stands in the table's definition.
-- The constraint transfers_to_account_fkey of line 27 stands in the table's definition.
CREATE TABLE "transfers" (
    "id" UUID NOT NULL,
    "from_account" INTEGER NOT NULL,
    "to_account" INTEGER NOT NULL,
    "amount" INTEGER NOT NULL,

    CONSTRAINT "transfers_pkey" PRIMARY KEY ("id"),
  CONSTRAINT transfers_from_account_fkey FOREIGN KEY ("from_account") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
  CONSTRAINT transfers_to_account_fkey FOREIGN KEY ("to_account") REFERENCES "accounts"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

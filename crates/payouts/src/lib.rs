//! What we owe and pay: rate cards, earnings, ledger, payees, payout runs.

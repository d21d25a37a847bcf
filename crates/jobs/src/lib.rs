//! A queue in PostgreSQL: enqueue in the transaction, claim with a lease, retry, discard, prune.

//! Read-only views across domains, for operations and finance.

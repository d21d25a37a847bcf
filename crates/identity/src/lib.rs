//! Who signs in: accounts, passwords, sessions, tokens, roles, machine keys.

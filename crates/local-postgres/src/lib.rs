//! A private PostgreSQL server for development, the demo and tests: find, initialise, start, stop.

//! Everything the platform can do: one function per use case; job handlers; reconcilers.

//! Letters: one askama struct per letter; SMTP, file and memory transports.

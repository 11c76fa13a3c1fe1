//! The gateway between a customer and a carrier, in their words: a customer does this, a carrier
//! does that, this arrives. One file for each thing that is promised.

mod support;

mod bind;
mod tls;
mod handshakes;
mod door;
mod passwords;
mod allowances;
mod submit;
mod shapes;
mod multi;
mod manage;
mod receipts;
mod cutover;
mod matrix;
mod deliveries;
mod inbound;
mod long_inbound;
mod alerts;
mod routing;
mod failover;
mod habits;
mod long;
mod parts;
mod ordered;
mod attempts;
mod quarantine;
mod unknown;
mod carriers;
mod outbind;
mod overload;
mod journal;
mod guessing;
mod flood;
mod memory;
mod bombs;
mod descriptors;
mod hostile;
mod reload;
mod drain;
mod restart;
mod admin;
mod api;
mod dead_letters;
mod logs;

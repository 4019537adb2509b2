//! How machines talk to the server: a websocket as a stream of bytes, yamux on it, and dRPC on
//! each of yamux's streams. Knows frames and messages; what a call does is decided elsewhere.

pub mod bytes_over_websocket;

pub mod drpc;

pub mod messages;

pub mod mux;

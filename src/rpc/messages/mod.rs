//! Messages of the daemon protocol as prost encodes them. The field numbers are the contract;
//! names of fields are the contract's too and explain themselves.

pub mod provisioner;

pub mod provisionerd;

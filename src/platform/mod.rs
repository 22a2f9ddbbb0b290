//! The ways to the platforms that run services, and to the broker's own interface: how to connect to
//! Kubernetes, to Docker, and to EMQX's REST API.
//!
//! Probes look there, and the remedies act there; both come this way. What is asked there is their affair.

pub mod docker;
pub(crate) mod emqx;
pub mod kubernetes;
pub(crate) mod words;

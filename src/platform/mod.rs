//! The ways to the platforms that run services: how to connect to Kubernetes and to Docker.
//!
//! Probes look there, and the remedies act there; both come this way. Nothing is asked here.

pub mod docker;
pub mod kubernetes;

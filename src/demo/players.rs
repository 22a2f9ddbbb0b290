//! The players: services and callers at a broker, and how they are broken.
//!
//! They are the same at the embedded broker and at somebody else's. Each connects by itself and
//! returns by itself after its connection broke.

use super::caller::{Callers, Tally};
use super::cast::CAST;
use super::door::Door;
use super::random::Random;
use super::script::Fault;
use super::service::Service;
use crate::client::CallError;
use crate::clock::Clock;

/// Services and callers; they stop when dropped.
#[derive(Debug)]
pub struct Players {
    callers: Callers,
    services: Vec<Service>,
}

impl Players {
    /// Has everybody connect; nobody calls yet.
    pub fn gather(door: &Door, clock: Clock, random: &mut Random) -> Self {
        let services = CAST.iter().map(|role| Service::start(*role, door.clone(), random.fork()));
        let services = services.collect();
        Self { services, callers: Callers::connect(door, clock, random) }
    }

    /// Waits until everybody is connected.
    ///
    /// # Errors
    ///
    /// If the broker refuses a subscription.
    pub async fn ready(&self) -> Result<(), CallError> {
        for service in &self.services {
            service.ready().await?;
        }
        self.callers.ready().await
    }

    /// What keeps a player from the broker; `None` if nothing does, as far as is known. Not free
    /// of what the broker says.
    pub fn problem(&self) -> Option<String> {
        self.services.iter().find_map(Service::problem)
    }

    /// Lets everybody sign in, and the traffic begin.
    pub fn start_traffic(&mut self) {
        self.callers.start();
    }

    /// What the callers saw so far.
    pub fn tally(&self) -> Tally {
        self.callers.tally()
    }

    /// Breaks something; a link that is cut is none of theirs.
    pub fn begin(&mut self, fault: Fault) {
        match fault {
            Fault::Dies(name) => self.service(name, Service::kill),
            Fault::Slows(name) => self.service(name, |service| service.set_slow(true)),
            Fault::Flood(name) => self.callers.set_flood(name, true),
            Fault::LinkCut => {}
        }
    }

    /// Mends it.
    pub fn end(&mut self, fault: Fault) {
        match fault {
            Fault::Dies(name) => self.service(name, Service::restart),
            Fault::Slows(name) => self.service(name, |service| service.set_slow(false)),
            Fault::Flood(name) => self.callers.set_flood(name, false),
            Fault::LinkCut => {}
        }
    }

    fn service(&mut self, name: &str, act: impl FnOnce(&mut Service)) {
        if let Some(service) = self.services.iter_mut().find(|service| service.name() == name) {
            act(service);
        }
    }
}

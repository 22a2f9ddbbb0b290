//! Why a replica is not ready, in the words that events use.
//!
//! Platforms have many words, and new ones with every version; what is none of these says nothing
//! that a caller could act on, and is no cause.

/// Why a replica is not ready; the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is started again and again.
    RestartLoop,
    /// What it is to run cannot be had.
    ImagePull,
    /// It was killed for its memory.
    OutOfMemory,
}

impl Cause {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RestartLoop => "pod_restart_loop",
            Self::ImagePull => "image_pull_failed",
            Self::OutOfMemory => "container_oom_killed",
        }
    }

    /// What a reason of Kubernetes means: of a container that waits, or that was terminated.
    pub(super) fn of_kubernetes(reason: &str) -> Option<Self> {
        match reason {
            "OOMKilled" => Some(Self::OutOfMemory),
            "ImagePullBackOff"
            | "ErrImagePull"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "RegistryUnavailable"
            | "ImageInspectError" => Some(Self::ImagePull),
            "CrashLoopBackOff" => Some(Self::RestartLoop),
            _ => None,
        }
    }
}

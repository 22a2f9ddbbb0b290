//! The runbooks that come with lookout, from the folder `runbooks`; a test holds the list to it.

/// Names of files, and what is in them.
pub(super) const FILES: &[(&str, &str)] =
    &[("general.md", include_str!("../../runbooks/general.md"))];

//! Circuits.
/// How a circuit behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By the rules.
    #[default]
    Automatic,
    /// Open until told otherwise.
    ForcedOpen,
    /// Closed until told otherwise; nothing is counted.
    Disabled,
    /// Closed; a trip is reported once, not enforced.
    ObserveOnly,
}

//! The mistakes that the toy hub can be told to make, each one that a drill must catch.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Acknowledges without an fsync.
    SkipFsync,
    /// Acknowledges before the log is written at all.
    AcknowledgeEarly,
    /// Makes an edit again that is sent again.
    ForgetKeys,
    /// Takes writes although the disk is full.
    NeverFull,
    /// Goes on after a failed fsync.
    IgnoreFsyncError,
    /// Cuts a torn tail without keeping a copy.
    DropTorn,
    /// Starts in spite of damage, with what is before it.
    IgnoreDamage,
}

impl Fault {
    /// The mistake that the environment asks for: `TOY_FAULT`, empty for none.
    pub fn from_env() -> Option<Fault> {
        let name = std::env::var("TOY_FAULT").ok().filter(|name| !name.is_empty())?;
        let fault = <Fault as clap::ValueEnum>::from_str(&name, false);
        Some(fault.unwrap_or_else(|error| panic!("TOY_FAULT={name}: {error}")))
    }
}

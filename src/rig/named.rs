//! Choices that have names, for those who write them down.

/// Something of which each kind has a name.
pub trait Named: Copy + 'static {
    /// Every one with its name.
    const NAMES: &'static [(&'static str, Self)];

    /// The one of this name; an error names all.
    fn named(name: &str) -> Result<Self, String> {
        match Self::NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, one)) => Ok(*one),
            None => {
                let names: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
                Err(format!("{name}: not one of {}", names.join(", ")))
            }
        }
    }
}

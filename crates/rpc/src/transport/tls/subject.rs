//! Who a certificate speaks for: a role and a name, written as one DNS name.

use std::fmt;
use std::str::FromStr;

/// Behind every name that the cluster's certificates carry.
const DOMAIN: &str = "context-hub";

/// What a process of the cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Holds replicas of shards.
    Node,
    /// Speaks to clients.
    Gateway,
    /// A person with the program in hand.
    Admin,
}

/// Whom a certificate speaks for. Written `NAME.shard.context-hub`, `NAME.gateway.context-hub` or
/// `NAME.admin.context-hub`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    role: Role,
    name: String,
}

/// Why a text is not a subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The name is not a DNS label.
    #[error("{0:?} is not a name: use 1 to 63 of a-z, 0-9 and -, with no - at either end")]
    Name(String),
    /// The text has another form.
    #[error(
        "{0:?} is not the name of a cluster member: they end in .shard.{DOMAIN}, .gateway.{DOMAIN} or .admin.{DOMAIN}"
    )]
    Form(String),
}

impl Role {
    const ALL: [Role; 3] = [Role::Node, Role::Gateway, Role::Admin];

    fn label(self) -> &'static str {
        match self {
            Role::Node => "shard",
            Role::Gateway => "gateway",
            Role::Admin => "admin",
        }
    }
}

impl Subject {
    /// A subject; the name is a DNS label.
    pub fn new(role: Role, name: &str) -> Result<Subject, SubjectError> {
        let letters = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let ends = name.starts_with('-') || name.ends_with('-');
        if name.is_empty() || name.len() > 63 || !letters || ends {
            return Err(SubjectError::Name(name.to_owned()));
        }
        Ok(Subject { role, name: name.to_owned() })
    }

    /// What it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its name within its role.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Subject, SubjectError> {
        let form = || SubjectError::Form(text.to_owned());
        let (name, rest) = text.split_once('.').ok_or_else(form)?;
        let label = rest.strip_suffix(DOMAIN).and_then(|label| label.strip_suffix('.')).ok_or_else(form)?;
        let role = Role::ALL.into_iter().find(|role| role.label() == label).ok_or_else(form)?;
        Subject::new(role, name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{DOMAIN}", self.name, self.role)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for role in Role::ALL {
            let subject = Subject::new(role, "node-0").unwrap();
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        assert_eq!(Subject::new(Role::Node, "a").unwrap().to_string(), "a.shard.context-hub");
    }

    #[test]
    fn other_texts_are_refused() {
        for name in ["", "-a", "a-", "A", "a.b", &"x".repeat(64)] {
            assert_eq!(Subject::new(Role::Node, name), Err(SubjectError::Name(name.to_owned())));
        }
        for text in ["a", "a.shard", "a.shard.context-hub.org", "a.shardcontext-hub", "a.root.context-hub"] {
            assert_eq!(text.parse::<Subject>(), Err(SubjectError::Form(text.to_owned())));
        }
    }
}

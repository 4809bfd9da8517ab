//! Why there is no draft, in words, with the field named as a form names it.

use ledger_core::canonical::CanonicalError;
use ledger_core::event::{EventError, ParseError};
use ledger_core::time::TimeError;
use ledger_core::{Language, Refusal};

use crate::fault::in_language;
use crate::shape;

/// Why there is no draft. (草稿不成立)
#[derive(Debug)]
pub(crate) enum Fault {
    /// A field is missing, unknown or of the wrong form.
    Malformed(EventError),
    /// Nothing is to be paid.
    NothingDue,
    /// A rule refuses it.
    Refused(Box<Refusal>),
    /// It is too long, or holds what may not be signed.
    Text(Box<ParseError>),
    /// When it happened is no moment.
    Time(TimeError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<EventError> for Fault {
    fn from(error: EventError) -> Self {
        Self::Malformed(error)
    }
}

impl From<CanonicalError> for Fault {
    fn from(error: CanonicalError) -> Self {
        Self::Text(Box::new(error.into()))
    }
}

impl Fault {
    /// The field at fault, as in `asset.area.value` or `documents[0].title`; `None` if it is the event as
    /// a whole, or what there is already.
    pub(crate) fn field(&self) -> Option<String> {
        let path = match self {
            Self::Refused(refusal) => match &**refusal {
                Refusal::Inconsistent { field, .. } => (*field).to_owned(),
                Refusal::PrivateData { field, .. } => field.clone(),
                Refusal::TrainingOnly { field } => format!("charter.{field}"),
                Refusal::CharterVersion { .. } => "charter.version".to_owned(),
                Refusal::AdoptionUnvoted { .. } => "vote".to_owned(),
                _ => return None,
            },
            Self::Malformed(error) => of_malformed(error),
            Self::NothingDue | Self::Text(_) => return None,
            Self::Time(_) => return Some("at".to_owned()),
        };
        let path = path.strip_prefix("event.").unwrap_or(&path);
        (path != "event").then(|| path.to_owned())
    }

    /// The name of the rule, stable.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed_event",
            Self::NothingDue => "nothing_due",
            Self::Refused(refusal) => refusal.rule(),
            Self::Text(error) => match **error {
                ParseError::TooLarge { .. } => "too_large",
                _ => "forbidden_content",
            },
            Self::Time(_) => "malformed_time",
        }
    }

    /// What it is, in a few words.
    pub(crate) fn title(&self, l: Language) -> String {
        match self {
            Self::Malformed(_) => l.pick("内容有误", "the content is at fault").to_owned(),
            Self::NothingDue => l.pick("没有未付的款项", "nothing is due").to_owned(),
            Self::Refused(refusal) => refusal.title(l).to_owned(),
            Self::Text(_) => l
                .pick("文字不能签署", "the text cannot be signed")
                .to_owned(),
            Self::Time(_) => l.pick("时间写法不对", "malformed time").to_owned(),
        }
    }

    /// What was expected, what was found, and the way out.
    pub(crate) fn detail(&self, kind: &str, l: Language) -> String {
        match self {
            Self::Malformed(error) => {
                let said = in_language(&error.fault, l);
                let field = self.field();
                let named = field.and_then(|field| shape::name_of(kind, &field, l));
                match named {
                    Some(name) => l.pick(format!("「{name}」：{said}"), format!("{name}: {said}")),
                    None => l.pick(
                        format!("字段 {}：{said}", error.path),
                        format!("field {}: {said}", error.path),
                    ),
                }
            }
            Self::NothingDue => l.pick(
                "现在没有未付的款项。请先登记应收应付（payment_due），再登记收付款。".to_owned(),
                "nothing is to be paid now: register a due first (payment_due).".to_owned(),
            ),
            Self::Refused(refusal) => match &**refusal {
                Refusal::MissingRoles { missing_roles } => {
                    let roles: Vec<_> = missing_roles
                        .iter()
                        .map(|role| l.pick(role.zh(), role.en()))
                        .collect();
                    let roles = roles.join(l.pick("、", ", "));
                    l.pick(
                        format!("这一项还须由{roles}签署，而名册上没有人能签。请先用 member_enrolled 或 role_granted 安排人选。"),
                        format!("{roles} must sign too, and nobody on the roster can. Enrol or appoint somebody first."),
                    )
                }
                refusal => with_names(kind, refusal, l),
            },
            Self::Text(error) => in_language(&error.to_string(), l),
            Self::Time(error) => in_language(&error.to_string(), l),
        }
    }
}

/// The field at fault. The reader says of one that is missing, or unknown, where it would be.
fn of_malformed(error: &EventError) -> String {
    let said = &error.fault;
    let is_of_object = ["missing field `", "unknown field `"]
        .iter()
        .any(|start| said.starts_with(start));
    match said.split('`').nth(1).filter(|_| is_of_object) {
        Some(name) => format!("{}.{name}", error.path),
        None => error.path.clone(),
    }
}

/// A refusal, in Chinese with the field called as the form calls it.
fn with_names(kind: &str, refusal: &Refusal, l: Language) -> String {
    let said = refusal.detail(l);
    let path = match refusal {
        Refusal::Inconsistent { field, .. } => (*field).to_owned(),
        Refusal::PrivateData { field, .. } => field.clone(),
        Refusal::TrainingOnly { field } => field.clone(),
        _ => return said,
    };
    let of_charter = format!("charter.{path}");
    let named = shape::name_of(kind, &path, l).or_else(|| shape::name_of(kind, &of_charter, l));
    match named {
        Some(name) if l == Language::Zh => {
            let said = said.replacen(&path, &format!("「{name}」"), 1);
            said.replacen("」 第", "」第", 1)
        }
        _ => said,
    }
}

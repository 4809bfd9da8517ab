//! What somebody tries: mostly the right thing, often spoilt in one place. Data only, so that a
//! sequence that fails can be made smaller; [`super::world`] turns it into signed events.

use proptest::prelude::*;

/// How long one waits before acting.
#[derive(Debug, Clone)]
pub(crate) enum Wait {
    /// So many seconds.
    Seconds(u64),
    /// Until the gate of the transaction opens, and so many seconds more or less.
    Gate(i64),
    /// The log's clock goes back.
    Back(u64),
}

/// What is wrong with it.
#[derive(Debug, Clone)]
pub(crate) enum Spoil {
    /// `prev`: zeros, the ledger id, the head of another stream, an older head.
    Prev(u8),
    /// Another stream.
    Stream(u8),
    /// One signer less.
    Without(u8),
    /// One signer more.
    With(u8),
    /// Another signer in place of one.
    Instead(u8, u8),
    /// One signature is over another text.
    Forged(u8),
    /// One signer uses an older key, or one that nobody knows.
    Key(u8, bool),
    /// `at`, so many seconds from the log's clock.
    At(i64),
    /// Something in the record.
    Field(u8),
}

/// A change of roster or charter.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A member, a role.
    Grant(u8, u8),
    /// A member; its own role, or any.
    End(u8, Option<u8>),
    /// A member; what key: new, old, somebody else's, of another name, of another kind.
    Rotate(u8, u8),
    /// A member; which key: the present one, the first, or somebody else's; since when, in seconds from
    /// now.
    Compromise(u8, u8, i64),
    /// Who: new or old; what key, as above; roles.
    Enrol(u8, u8, Vec<u8>),
    /// Which charter, and whether for open transactions.
    Adopt(u8, bool),
}

/// A way off the straight way.
#[derive(Debug, Clone)]
pub(crate) enum Detour {
    /// From which step, above 15 the one whose turn it is; through which.
    Waive(u8, u8),
    /// To which step.
    Return(u8),
    /// Of which entry, above 15 of one that stands; which field.
    Correct(u8, u8),
    /// For good.
    Terminate,
}

/// One attempt.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// What is next in a transaction: its step, or a posting.
    Next(u8),
    /// Any step.
    Step(u8, u8),
    /// A posting on any channel.
    Post(u8, u8),
    /// A change of roster or charter.
    Change(Change),
    /// What was admitted or refused before, again.
    Again(u8),
    /// A second founding.
    Reopen,
    /// In which transaction.
    Detour(u8, Detour),
    /// A bidding that fails, if it is its turn.
    Fail(u8),
}

/// An attempt, when, and what is wrong with it.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) act: Act,
    pub(crate) wait: Wait,
    pub(crate) spoil: Option<Spoil>,
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        20 => Just(Wait::Gate(0)),
        2 => (-1_i64..=1).prop_map(Wait::Gate),
        4 => (0_u64..200).prop_map(Wait::Seconds),
        2 => (0_u64..86_400).prop_map(Wait::Seconds),
        2 => (0_u64..3_000_000).prop_map(Wait::Seconds),
        1 => Just(Wait::Seconds(640 * 86_400)),
        1 => (0_u64..100_000).prop_map(Wait::Back),
    ]
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        1 => (0_u8..4).prop_map(Spoil::Prev),
        1 => (0_u8..3).prop_map(Spoil::Stream),
        1 => any::<u8>().prop_map(Spoil::Without),
        1 => any::<u8>().prop_map(Spoil::With),
        1 => any::<(u8, u8)>().prop_map(|(one, other)| Spoil::Instead(one, other)),
        1 => any::<u8>().prop_map(Spoil::Forged),
        1 => any::<(u8, bool)>().prop_map(|(who, old)| Spoil::Key(who, old)),
        1 => prop_oneof![298_i64..303, -300_000_i64..-200_000, Just(-259_200), Just(-259_201)]
            .prop_map(Spoil::At),
        4 => any::<u8>().prop_map(Spoil::Field),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => any::<(u8, u8)>().prop_map(|(who, role)| Change::Grant(who, role)),
        2 => any::<(u8, Option<u8>)>().prop_map(|(who, role)| Change::End(who, role)),
        3 => (any::<u8>(), prop_oneof![4 => Just(0_u8), 1 => any::<u8>()])
            .prop_map(|(who, key)| Change::Rotate(who, key)),
        2 => (any::<u8>(), 0_u8..5, -1_000_000_i64..10_000).prop_map(|(who, key, since)| Change::Compromise(who, key, since)),
        2 => (any::<u8>(), prop_oneof![4 => Just(0_u8), 1 => any::<u8>()], prop::collection::vec(any::<u8>(), 0..3))
            .prop_map(|(who, key, roles)| Change::Enrol(who, key, roles)),
        2 => any::<(u8, bool)>().prop_map(|(which, open)| Change::Adopt(which, open)),
    ]
}

fn detour() -> impl Strategy<Value = Detour> {
    prop_oneof![
        2 => (0_u8..20, 8_u8..13).prop_map(|(from, through)| Detour::Waive(from, through)),
        1 => any::<(u8, u8)>().prop_map(|(from, through)| Detour::Waive(from, through % 16)),
        3 => (0_u8..16).prop_map(Detour::Return),
        9 => any::<(u8, u8)>().prop_map(|(which, field)| Detour::Correct(which, field)),
        1 => prop::bool::weighted(0.2).prop_map(|ends| if ends { Detour::Terminate } else { Detour::Return(9) }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        30 => Just(Act::Next(0)),
        3 => Just(Act::Next(1)),
        2 => (0_u8..2, 0_u8..16).prop_map(|(deal, step)| Act::Step(deal, step)),
        2 => (0_u8..2, 0_u8..6).prop_map(|(deal, channel)| Act::Post(deal, channel)),
        6 => change().prop_map(Act::Change),
        1 => any::<u8>().prop_map(Act::Again),
        1 => Just(Act::Reopen),
        5 => (0_u8..2, detour()).prop_map(|(deal, detour)| Act::Detour(deal, detour)),
        1 => Just(Act::Detour(1, Detour::Terminate)),
        1 => Just(Act::Fail(0)),
    ]
}

/// One attempt: in four of five cases nothing is wrong with it but, perhaps, its moment.
pub(crate) fn one() -> impl Strategy<Value = Move> {
    let spoilt = prop::option::weighted(0.2, spoil());
    (act(), wait(), spoilt).prop_map(|(act, wait, spoil)| Move { act, wait, spoil })
}

/// Where a sequence starts: before a step of a transaction under way, or (0) at a training ledger's
/// beginning; 18 is before the ninth step of a small one.
pub(crate) fn sequence() -> impl Strategy<Value = (usize, Vec<Move>)> {
    let start = prop_oneof![2 => Just(0_usize), 4 => 1_usize..=17, 1 => Just(18)];
    (start, prop::collection::vec(one(), 30..50))
}

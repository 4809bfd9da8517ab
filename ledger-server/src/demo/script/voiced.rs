//! What residents' concerns and their answers say. (群众意见的内容)

use ledger_core::event::Event;
use ledger_core::record::{ConcernAnswered, ConcernClosed, ConcernRaised, ConcernRated};

use crate::demo::fault::DemoError;
use crate::demo::plan::transaction_id;
use crate::demo::voices::{Said, Voice};

/// An event in a concern's stream; `None` for an answer to what has none.
pub(crate) fn voiced(voice: &Voice, said: Said) -> Result<Option<Event>, DemoError> {
    let (concern, documents) = (voice.concern, Vec::new());
    let transaction = transaction_id(voice.about)?;
    if said == Said::Raised {
        return Ok(Some(Event::ConcernRaised(ConcernRaised {
            by: concern.by.map(str::parse).transpose()?,
            documents,
            subject: concern.subject,
            text: concern.text.parse()?,
            transaction,
        })));
    }
    let Some(reply) = concern.reply else {
        return Ok(None);
    };
    Ok(Some(match said {
        Said::Answered => Event::ConcernAnswered(ConcernAnswered {
            also: Vec::new(),
            answer: reply.answer.parse()?,
            documents,
            outcome: reply.outcome,
            transaction,
        }),
        Said::Closed => Event::ConcernClosed(ConcernClosed {
            documents,
            reason: reply.closed.parse()?,
        }),
        _ => Event::ConcernRated(ConcernRated {
            comment: reply.comment.parse()?,
            documents,
            stars: reply.stars,
        }),
    }))
}

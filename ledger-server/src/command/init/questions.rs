//! What `sanzi init` asks: the collective, the log's name, and who holds which role.

use ledger_core::charter::{Charter, When};
use ledger_core::event::Collective;
use ledger_core::identifier::CreditCode;
use ledger_core::privacy::Field;
use ledger_core::text::Line;
use ledger_core::{MemberId, Role};

use super::{Answers, Founder, excluded};
use crate::masking;
use crate::terminal::Terminal;

pub(super) fn ask(terminal: Terminal) -> anyhow::Result<Answers> {
    let training = terminal.confirm(terminal.pick(
        "建演示账本吗？演示账本的公开期可以只有几秒，每一页都会标明“演示”",
        "open a training ledger? Its windows may be seconds, and every page says so",
    ))?;
    let collective = Collective {
        name: line(
            terminal,
            "集体经济组织全称（如 东塱经济联社）：",
            "the collective's full name: ",
        )?,
        credit_code: terminal.ask_until(
            terminal.pick(
                "统一社会信用代码（18 位，如 N1440606766567748T）：",
                "unified social credit code (18 characters): ",
            ),
            |answer| {
                answer
                    .to_uppercase()
                    .parse::<CreditCode>()
                    .map_err(|fault| fault.to_string())
            },
        )?,
        region: line(
            terminal,
            "所在地（省市区街道）：",
            "where it is (province, city, district, street): ",
        )?,
        reports_to: line(
            terminal,
            "监督举报方式（机构的公开电话或地址，勿写个人手机）：",
            "where misuse can be reported (an office's telephone or address): ",
        )?,
    };
    let origin = terminal.ask_until(
        terminal.pick(
            "日志名：网站域名/账本简称（如 sanzi.example.org/donglang）：",
            "origin: domain/ledger (as in sanzi.example.org/donglang): ",
        ),
        |answer| {
            answer
                .parse()
                .map_err(|fault: ledger_core::name::NameError| fault.to_string())
        },
    )?;
    Ok(Answers {
        collective,
        members: members(terminal)?,
        origin,
        training,
    })
}

fn line(terminal: Terminal, zh: &str, en: &str) -> anyhow::Result<Line> {
    terminal.ask_until(terminal.pick(zh, en), |answer| {
        answer
            .parse()
            .map_err(|fault: ledger_core::text::TextError| fault.to_string())
    })
}

/// The roles that the default charter needs, in the order of its steps, and whether each may stay empty.
fn roles_needed(charter: &Charter) -> Vec<(Role, bool)> {
    let steps = ledger_core::Step::ALL.map(|step| &charter.steps.of(step).signing);
    let others = [
        &charter.postings,
        &charter.roster_changes,
        &charter.charter_changes,
    ];
    let mut roles: Vec<(Role, bool)> = Vec::new();
    for rule in steps.into_iter().chain(others) {
        let cosigners = rule
            .cosigns
            .iter()
            .map(|c| (c.role, c.when != When::Always));
        for (role, optional) in std::iter::once((rule.answers, false)).chain(cosigners) {
            match roles.iter_mut().find(|(known, _)| *known == role) {
                Some((_, known)) => *known &= optional,
                None => roles.push((role, optional)),
            }
        }
    }
    roles
}

fn members(terminal: Terminal) -> anyhow::Result<Vec<Founder>> {
    let charter = Charter::parse(Charter::default_text())?;
    let roles = roles_needed(&charter);
    terminal.advise(terminal.pick(
        "各岗位由谁担任：输入姓名（自然人请打码，如 陈*）新登记一人，或输入已登记的成员代号让他兼任。",
        "Who holds each role: type a name (masked, as in 陈*) for a new person, or the short name of one entered before.",
    ));
    let mut members: Vec<Founder> = Vec::new();
    for (number, (role, optional)) in (1..).zip(&roles) {
        let skip = if *optional {
            terminal.pick("，可回车跳过", ", Enter to leave empty")
        } else {
            ""
        };
        let question = terminal.pick(
            format!("[{number}/{}] {}{skip}：", roles.len(), role.zh()),
            format!("[{number}/{}] {}{skip}: ", roles.len(), role.en()),
        );
        let holder = loop {
            let typed = terminal.ask_until(&question, |answer| {
                holder(terminal, &charter, &members, *role, *optional, answer)
            })?;
            let Holder::New(name) = typed else {
                break typed;
            };
            if let Some(name) = masking::offer(terminal, Field::Party, name.as_str())? {
                break Holder::New(name.parse()?);
            }
        };
        match holder {
            Holder::Nobody => {}
            Holder::Known(place) => members[place].roles.push(*role),
            Holder::New(name) => {
                let member = short_name(terminal, *role, &members)?;
                members.push(Founder {
                    member,
                    name,
                    roles: vec![*role],
                });
            }
        }
    }
    Ok(members)
}

enum Holder {
    Nobody,
    Known(usize),
    New(Line),
}

fn holder(
    terminal: Terminal,
    charter: &Charter,
    members: &[Founder],
    role: Role,
    optional: bool,
    answer: &str,
) -> Result<Holder, String> {
    if answer.is_empty() && optional {
        return Ok(Holder::Nobody);
    }
    let Some(place) = members
        .iter()
        .position(|founder| founder.member.as_str() == answer)
    else {
        let name = answer.parse();
        return name
            .map(Holder::New)
            .map_err(|fault: ledger_core::text::TextError| fault.to_string());
    };
    let mut roles = members[place].roles.clone();
    roles.push(role);
    match excluded(terminal, charter, &roles) {
        Some(fault) => Err(fault),
        None => Ok(Holder::Known(place)),
    }
}

fn short_name(terminal: Terminal, role: Role, members: &[Founder]) -> anyhow::Result<MemberId> {
    let suggested = role.id().replace('_', "-");
    let question = terminal.pick(
        format!("    成员代号（小写字母、数字、-；回车用 {suggested}）："),
        format!("    short name (a-z 0-9 -; Enter for {suggested}): "),
    );
    terminal.ask_until(&question, |answer| {
        let answer = if answer.is_empty() {
            &suggested
        } else {
            answer
        };
        let member: MemberId = answer
            .parse()
            .map_err(|fault: ledger_core::name::NameError| fault.to_string())?;
        if members.iter().any(|founder| founder.member == member) {
            return Err(terminal.pick(
                format!("代号 {member} 已经用过，请换一个"),
                format!("{member} is taken, choose another"),
            ));
        }
        Ok(member)
    })
}

//! What the pages tell of the record: a transaction’s course, lists, sums, charts, notices and the feed.

use std::collections::BTreeSet;

use ledger_core::PublicationPoint;
use ledger_core::category::Category;
use ledger_core::totals::{By, totals};
use ledger_core::transaction::Phase;

use crate::bound::facts;
use crate::scene::Site;
use crate::{plain, values, year};

#[test]
fn a_transaction_s_page_tells_its_course() {
    let year = year();
    for transaction in year.state.transactions() {
        let html = year.page(&format!("/donglang/t/{}", transaction.id));
        assert_eq!(
            html.matches("<li class=\"step ").count(),
            16,
            "{}",
            transaction.id
        );
        let shown: BTreeSet<String> = values(&html, "id")
            .into_iter()
            .filter(|id| id.starts_with('e'))
            .collect();
        for recorded in transaction.recordings() {
            assert!(
                shown.contains(&format!("e{}", recorded.index)),
                "{}: {}",
                transaction.id,
                recorded.index
            );
        }
        for superseded in &transaction.superseded {
            let article = html
                .split(&format!("id=\"e{}\"", superseded.passed.recorded.index))
                .nth(1)
                .unwrap();
            let article = article.split("</article>").next().unwrap();
            assert!(
                article.contains("已作废")
                    && article.contains(&format!("/donglang/e/{}\"", superseded.by))
            );
        }
        for passed in transaction
            .passed
            .iter()
            .filter(|passed| passed.recorded.recorded_late)
        {
            let article = html
                .split(&format!("id=\"e{}\"", passed.recorded.index))
                .nth(1)
                .unwrap();
            assert!(article.split("</article>").next().unwrap().contains("补录"));
        }
        for concern in transaction.concerns.raised() {
            let link = format!("href=\"/donglang/c/{concern}\"");
            assert_eq!(html.matches(&link).count(), 1, "{concern}");
        }
        let completed = matches!(transaction.phase, Phase::Completed(_));
        assert_eq!(html.contains("十六个环节已全部办完"), completed);
        assert!(html.contains(&format!("/donglang/t/{}/ask", transaction.id)));
    }
}

#[test]
fn what_was_corrected_shows_both_values() {
    let year = year();
    let corrected = year.state.transactions().find(|transaction| {
        transaction
            .passed
            .iter()
            .any(|passed| !passed.corrected_by.is_empty())
    });
    let corrected = corrected.unwrap();
    let passed = corrected
        .passed
        .iter()
        .find(|passed| !passed.corrected_by.is_empty())
        .unwrap();
    let html = year.page(&format!("/donglang/t/{}", corrected.id));
    let article = html
        .split(&format!("id=\"e{}\"", passed.recorded.index))
        .nth(1)
        .unwrap();
    let article = article.split("</article>").next().unwrap();
    let by = passed.corrected_by[0];
    let facts = facts(article);
    assert!(
        facts
            .iter()
            .any(|fact| fact.entry == by && fact.at.starts_with("/event/value")),
        "{article}"
    );
    let was = article.split("<del>").nth(1).unwrap();
    assert!(
        was.contains(&format!("data-entry=\"{}\"", passed.recorded.index)),
        "{was}"
    );
}

#[test]
fn the_list_is_filtered_by_each_condition_and_says_what_it_cannot_read() {
    let year = year();
    let ids = |query: &str| {
        let mut found = BTreeSet::new();
        let mut next = Some(format!("/donglang?{query}"));
        while let Some(path) = next {
            let html = year.page(&path);
            let list = html.split("id=\"list\"").nth(1).unwrap();
            let rows = list.split("<bdi class=\"id\">").skip(1);
            found.extend(rows.map(|row| row.split('<').next().unwrap().to_owned()));
            let link = list.split("rel=\"next\" href=\"").nth(1);
            next = link.map(|link| plain(link.split('"').next().unwrap()));
        }
        found
    };
    let expected = |takes: &dyn Fn(&ledger_core::transaction::Transaction) -> bool| {
        let all = year
            .state
            .transactions()
            .filter(|transaction| takes(transaction));
        all.map(|transaction| transaction.id.to_string())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(""), expected(&|_| true));
    assert_eq!(
        ids("category=lease"),
        expected(&|t| t.category() == Some(Category::Lease))
    );
    assert_eq!(
        ids("step=completed"),
        expected(&|t| matches!(t.phase, Phase::Completed(_)))
    );
    assert_eq!(
        ids("step=12"),
        expected(&|t| t.current_step().map(ledger_core::Step::number) == Some(12))
    );
    let amount = |t: &ledger_core::transaction::Transaction| {
        let standing = !matches!(t.phase, Phase::Terminated { .. });
        t.contract
            .as_ref()
            .filter(|_| standing)
            .map(|contract| contract.amount_fen.get())
    };
    assert_eq!(
        ids("from=20000&to=30%2C000"),
        expected(&|t| amount(t).is_some_and(|fen| (2_000_000..=3_000_000).contains(&fen)))
    );
    let one = year.state.transactions().nth(7).unwrap().id.to_string();
    assert_eq!(ids(&format!("q={one}")), BTreeSet::from([one.clone()]));
    assert!(ids("q=nothing-of-the-kind").is_empty());
    assert!(!ids("month=2018-06").is_empty() && ids("month=2031-01").is_empty());
    for (query, said) in [
        ("from=abc", "“abc”"),
        ("month=2018-13", "“2018-13”"),
        ("to=-5", "“-5”"),
    ] {
        let html = year.page(&format!("/donglang?{query}"));
        assert!(
            html.contains("role=\"alert\"") && html.contains(said),
            "{query}"
        );
        assert_eq!(ids(query), expected(&|_| true), "{query}");
    }
    // What was typed stays, and so does what was chosen.
    let html = year.page("/donglang?q=%22%3E%3Cscript%3E&lang=en");
    assert!(!html.contains("\"><script>") && html.contains("value=\"&#34;&#62;&#60;script&#62;\""));
    assert!(html.contains("name=\"lang\" value=\"en\""));
    assert_eq!(year.get("/donglang?page=99999").status.as_u16(), 200);
}

#[test]
fn sums_are_those_of_an_audit() {
    let year = year();
    let sums = totals(
        year.state.ledger().unwrap(),
        year.state.transactions(),
        By::Category,
    )
    .unwrap();
    let html = year.page("/donglang");
    for side in [&sums.income, &sums.spending] {
        for row in &side.rows {
            let amounts = &row.amounts;
            let cells = format!(
                "<td>{}</td><td>{} 元</td><td>{} 元</td><td>{} 元</td>",
                amounts.contracts, amounts.contracted_fen, amounts.received_fen, amounts.paid_fen
            );
            assert!(html.contains(&cells), "{cells}");
        }
    }
}

#[test]
fn the_printed_code_leads_to_the_page_of_what_was_signed() {
    let year = year();
    let transaction = year
        .state
        .transactions()
        .find(|t| matches!(t.phase, Phase::Completed(_)))
        .unwrap();
    for point in PublicationPoint::ALL {
        let path = format!("/donglang/d/{}/{point}", transaction.id);
        let answer = year.get(&format!("{path}/print"));
        let html = answer.text();
        let address = crate::code::code_in(html);
        let origin = year
            .state
            .ledger()
            .unwrap()
            .origin
            .as_str()
            .split_once('/')
            .unwrap()
            .0;
        let start = format!("https://{origin}{path}#");
        assert!(address.starts_with(&start), "{address}");
        let publication = transaction
            .record(point.step())
            .unwrap()
            .event
            .publication()
            .unwrap();
        let digest = data_encoding::BASE64URL_NOPAD
            .decode(&address.as_bytes()[start.len()..])
            .unwrap();
        assert_eq!(digest, publication.disclosure.as_bytes());
        assert!(
            html.contains("rel=\"stylesheet\" href=\"/assets/notice-") && !html.contains("<style")
        );
        let page = year.page(&path);
        assert!(page.contains(&format!("{path}/print")) && page.contains("<textarea"));
        assert!(page.contains(publication.summary.as_str()));
        assert!(!page.contains("与签过名的摘要不符"));
    }
}

#[test]
fn the_feed_is_atom_and_tells_of_the_newest_publications() {
    let year = year();
    let answer = year.get("/donglang/feed.atom");
    assert_eq!(answer.header("content-type"), "application/atom+xml");
    let feed: atom_syndication::Feed = answer.text().parse().unwrap();
    assert_eq!(feed.entries().len(), 30);
    let first = &feed.entries()[0];
    assert!(first.links()[0].href().contains("/donglang/d/"));
    assert!(feed.updated() >= feed.entries()[29].updated());
    assert!(feed.title().as_str().contains("演示账本"));
}

#[test]
fn charts_have_a_name_and_a_table() {
    let html = year().page("/donglang/charts?at=2018-12-31");
    let charts = html.matches("<svg role=\"img\"").count();
    assert_eq!(charts, 4, "{html}");
    assert_eq!(html.matches("<desc>").count(), charts);
    assert_eq!(html.matches("<table").count(), charts);
    let sums = totals(
        year().state.ledger().unwrap(),
        year().state.transactions(),
        By::Month,
    )
    .unwrap();
    for row in &sums.income.rows {
        assert!(html.contains(&format!("<td>{} 元</td>", row.amounts.contracted_fen)));
    }
}

#[test]
fn a_page_follows_the_log_at_once() {
    let site = Site::new();
    assert_eq!(site.get("/donglang/t/2018-001").status.as_u16(), 404);
    assert!(
        site.get("/donglang")
            .text()
            .contains("<strong>0</strong> 宗交易")
    );
    assert_eq!(site.submit(site.opening("2018-001")).status.as_u16(), 201);
    assert_eq!(site.get("/donglang/t/2018-001").status.as_u16(), 200);
    assert!(
        site.get("/donglang")
            .text()
            .contains("<strong>1</strong> 宗交易")
    );
}

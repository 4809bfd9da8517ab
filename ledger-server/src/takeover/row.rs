//! What a row becomes: an event as a form would make it, and all that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::event::Statement;
use ledger_core::name::StreamId;
use ledger_core::state::{LedgerState, State};
use ledger_core::{Language, LogTime, MemberId, TransactionId};
use serde_json::{Map, Value, json};

use super::KIND;
use super::columns::{COLUMNS, Column, Kind, OTHER, OWN, TRANSACTION, column_for};
use super::reading::{area_of, number_key, put, sum_of, transaction_of, word_of, words, worth};
use super::table::{Cell, Line, Table, TableError, counted_day, letters};
use crate::drafting::Drafting;
use crate::fault::in_language;
use crate::shape::{self, Shape};
use crate::typed::{Read, Reader};

/// How often a row is read again after a name was masked: once for each name, and once more.
const READINGS: usize = 4;

/// What the ledger knows already.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The contracts that are recorded, by [`super::reading::number_key`].
    pub(crate) contracts: BTreeMap<String, TransactionId>,
    /// All transactions that have begun.
    pub(crate) transactions: BTreeSet<TransactionId>,
    /// The transactions that a draft would open, which waits for signatures.
    pub(crate) waiting: BTreeSet<TransactionId>,
}

impl Known {
    /// What a state that holds all transactions knows.
    pub(crate) fn of(state: &State) -> Self {
        let mut known = Self::default();
        for transaction in state.transactions() {
            let contract = transaction.contract.as_ref();
            let number = contract.map(|contract| contract.number.as_str());
            known.add(&transaction.id, number);
        }
        known
    }

    /// Takes note of a transaction, and of its contract's number if it has one.
    pub(crate) fn add(&mut self, id: &TransactionId, number: Option<&str>) {
        self.transactions.insert(id.clone());
        if let Some(number) = number {
            self.contracts.insert(number_key(number), id.clone());
        }
    }
}

/// Something that is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Its cell, as in `C5`, if there is one.
    pub(crate) cell: String,
    /// The heading of its column, if it is of one.
    pub(crate) column: &'static str,
    pub(crate) said: String,
}

/// What a row comes to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It can be signed.
    Ready(Box<Statement>),
    /// The contract is in the ledger.
    Recorded(TransactionId),
    /// A draft of it waits for signatures.
    Waiting(TransactionId),
    /// It cannot be recorded as it is.
    Wrong(Vec<Wrong>),
}

/// A row, judged.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Its number, as the spreadsheet shows it.
    pub(crate) number: u32,
    /// The contract's number, as far as there is one.
    pub(crate) contract: String,
    /// The asset, as far as it is named.
    pub(crate) asset: String,
    pub(crate) outcome: Outcome,
    /// What was understood or filled in.
    pub(crate) notes: Vec<String>,
}

/// A sheet, judged.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// What is said of the sheet as a whole.
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<Judged>,
    /// Whether who asked signs such events.
    pub(crate) mine: bool,
}

/// Under what rows are judged.
pub(crate) struct Judge<'a> {
    pub(crate) known: &'a Known,
    pub(crate) language: Language,
    pub(crate) now: LogTime,
    pub(crate) signer: MemberId,
    /// The ledger's own state; no row's transaction has begun.
    pub(crate) state: &'a State,
}

impl Sheet {
    /// Reads a file and judges every row of it.
    ///
    /// # Errors
    /// [`TableError`] if it is no sheet.
    pub(crate) fn read(bytes: &[u8], judge: &Judge<'_>) -> Result<Self, TableError> {
        let table = Table::read(bytes)?;
        let l = judge.language;
        let mut notes = Vec::new();
        if !table.unknown.is_empty() {
            let named = |(place, text): &(u32, String)| format!("{} “{text}”", letters(*place));
            let named: Vec<String> = table.unknown.iter().map(named).collect();
            notes.push(l.pick(
                format!("这些列不认得，没有读：{}。", named.join("、")),
                format!(
                    "These columns are not known and were not read: {}.",
                    named.join(", ")
                ),
            ));
        }
        let absent =
            (0..COLUMNS.len()).filter(|at| COLUMNS[*at].needed && !table.places.contains_key(at));
        let absent: Vec<&str> = absent.map(|at| COLUMNS[at].heading).collect();
        if !absent.is_empty() {
            notes.push(l.pick(
                format!("缺少这些列：{}。请对照模板补上。", absent.join("、")),
                format!(
                    "These columns are missing: {}. Add them as in the template.",
                    absent.join(", ")
                ),
            ));
        }
        let mut seen = BTreeMap::new();
        let mut mine = true;
        let rows = table.lines.iter().map(|line| {
            let row = Row::of(&table, line, l);
            judge.row(&row, &mut seen, &mut mine)
        });
        Ok(Self {
            rows: rows.collect(),
            notes,
            mine,
        })
    }
}

/// A row's cells by column.
struct Row<'a> {
    table: &'a Table,
    line: &'a Line,
    texts: Vec<String>,
    wrong: Vec<Wrong>,
}

impl<'a> Row<'a> {
    fn of(table: &'a Table, line: &'a Line, l: Language) -> Self {
        let mut row = Self {
            table,
            line,
            texts: vec![String::new(); COLUMNS.len()],
            wrong: Vec::new(),
        };
        for (at, column) in COLUMNS.iter().enumerate() {
            let cell = table
                .places
                .get(&at)
                .and_then(|place| line.cells.get(place));
            let Some(cell) = cell else { continue };
            match row.text(column, cell) {
                Ok(text) => row.texts[at] = text,
                Err(said) => row.wrong.push(row.at(at, in_language(said, l))),
            }
        }
        row
    }

    fn text(&self, column: &Column, cell: &Cell) -> Result<String, &'static str> {
        let day = |number: &str| counted_day(number, self.table.from_1904);
        match (cell, column.kind) {
            (Cell::Day(day), Kind::Day) => Ok(day.clone()),
            (Cell::Number(number) | Cell::Text(number), Kind::Day) => {
                Ok(day(number).unwrap_or_else(|| number.clone()))
            }
            (Cell::Text(text) | Cell::Number(text), _) => Ok(text.clone()),
            (Cell::Day(_), _) => Err(
                "这一格被表格软件当成了日期，原来写的已经看不出；请把这一列的格式设为“文本”后重填 (the spreadsheet made this a date: format the column as text and fill it in again)",
            ),
            (Cell::Formula, _) => Err(
                "这一格是公式；请选中后复制、“选择性粘贴→数值”，再核对一遍 (a formula: paste it as a value and look at it)",
            ),
            (Cell::Fault(_), _) => {
                Err("这一格是错误值；请改成实际内容 (an error value: write what it should be)")
            }
            (Cell::Merged, _) => Err(
                "这一格是跨行合并的单元格；请取消合并，每行各填各的 (a cell merged across rows: unmerge it and fill in every row)",
            ),
        }
    }

    fn at(&self, column: usize, said: String) -> Wrong {
        let place = self.table.places.get(&column);
        Wrong {
            cell: place.map_or_else(String::new, |place| {
                format!("{}{}", letters(*place), self.line.number)
            }),
            column: COLUMNS[column].heading,
            said,
        }
    }

    fn whole(&self, said: String) -> Wrong {
        Wrong {
            cell: String::new(),
            column: "",
            said,
        }
    }

    /// The text of the column that fills a field.
    fn of_field(&self, field: &str) -> &str {
        let at = COLUMNS.iter().position(|column| column.field == field);
        at.map_or("", |at| self.texts[at].as_str())
    }
}

impl Judge<'_> {
    fn ledger(&self) -> Option<&LedgerState> {
        self.state.ledger()
    }

    fn row(&self, row: &Row<'_>, seen: &mut BTreeMap<String, u32>, mine: &mut bool) -> Judged {
        let contract = row.of_field("contract_number").to_owned();
        let mut notes = Vec::new();
        let outcome = self.outcome(row, &contract, seen, mine, &mut notes);
        Judged {
            number: row.line.number,
            contract,
            asset: row.of_field("asset.name").to_owned(),
            outcome,
            notes,
        }
    }

    fn outcome(
        &self,
        row: &Row<'_>,
        contract: &str,
        seen: &mut BTreeMap<String, u32>,
        mine: &mut bool,
        notes: &mut Vec<String>,
    ) -> Outcome {
        let l = self.language;
        let key = number_key(contract);
        let mut wrong = row.wrong.clone();
        if !key.is_empty() {
            if let Some(first) = seen.get(&key) {
                let said = l.pick(
                    format!(
                        "与第 {first} 行是同一个合同编号；请核对是不是重复，不是的话编号要分开"
                    ),
                    format!("the same number as in row {first}: leave one, or tell them apart"),
                );
                wrong.extend(column_for("contract_number").map(|at| row.at(at, said)));
                return Outcome::Wrong(wrong);
            }
            seen.insert(key.clone(), row.line.number);
            if let Some(id) = self.known.contracts.get(&key) {
                return Outcome::Recorded(id.clone());
            }
        }
        let id = self.transaction(row, contract, seen, &mut wrong);
        if let Some(id) = id.as_ref().filter(|id| self.known.waiting.contains(id)) {
            return Outcome::Waiting(id.clone());
        }
        let body = self.body(row, notes, &mut wrong);
        match (body, id) {
            (Some(body), Some(id)) if wrong.is_empty() => self.drafted(row, body, id, mine),
            _ => Outcome::Wrong(wrong),
        }
    }

    /// The transaction that the row opens: as it says, or as follows from the contract's number.
    fn transaction(
        &self,
        row: &Row<'_>,
        contract: &str,
        seen: &mut BTreeMap<String, u32>,
        wrong: &mut Vec<Wrong>,
    ) -> Option<TransactionId> {
        let l = self.language;
        let given = row.of_field(TRANSACTION);
        let mut tell = |said: String| {
            wrong.push(match column_for(TRANSACTION) {
                Some(at) if !given.is_empty() => row.at(at, said),
                _ => row.whole(said),
            });
        };
        let id = match given {
            "" => transaction_of(contract)?,
            given => match given.parse::<TransactionId>() {
                Ok(id) => id,
                Err(_) => {
                    tell(l.pick(
                        format!("交易编号只用字母、数字和 -，最长 64 个，现为“{given}”"),
                        format!("expected letters, digits and -, at most 64, found {given:?}"),
                    ));
                    return None;
                }
            },
        };
        // No contract's key holds a space.
        if let Some(first) = seen.insert(format!(" {id}"), row.line.number) {
            tell(l.pick(
                format!("与第 {first} 行是同一个交易编号；每份合同各用一个"),
                format!("the same transaction as in row {first}: give each contract its own"),
            ));
        }
        let is_used = self.known.transactions.contains(&id);
        if is_used && !given.is_empty() {
            tell(l.pick(
                format!("交易编号 {id} 已经用在别的合同或交易上；请换一个"),
                format!("the transaction {id} is of something else: give another number"),
            ));
        } else if is_used {
            tell(l.pick(
                format!("这个编号的合同登记过（交易 {id}），后来更正了编号或终止了；确要再登记，请在“交易编号”一列另填一个"),
                format!("a contract of this number was recorded as {id}, and corrected or broken off since; to record it again, give a number of its own in the column for transactions"),
            ));
        }
        Some(id)
    }

    /// The event's body, if nothing in the row is wrong by itself.
    fn body(
        &self,
        row: &Row<'_>,
        notes: &mut Vec<String>,
        wrong: &mut Vec<Wrong>,
    ) -> Option<Map<String, Value>> {
        let mut typed = self.typed(row, wrong);
        let shape = shape::of_event(KIND)?;
        let Shape::Object(fields) = &shape else {
            return None;
        };
        let reader = Reader {
            language: self.language,
            kind: KIND,
            // No column holds a time of day.
            offset_minutes: 0,
            given: &["documents"],
        };
        let mut read = Read::default();
        for _ in 0..READINGS {
            read = reader.read(fields, &typed);
            if !self.mask(&mut typed, &read, notes) {
                break;
            }
        }
        self.say(row, &read, wrong);
        let mut body = read.body;
        self.complete(row, &mut body, &read.missing, notes, wrong);
        wrong.is_empty().then_some(body)
    }

    /// The row as a form would send it.
    fn typed(&self, row: &Row<'_>, wrong: &mut Vec<Wrong>) -> Map<String, Value> {
        let l = self.language;
        let mut typed = Map::new();
        for (at, column) in COLUMNS.iter().enumerate() {
            let text = row.texts[at].trim();
            if column.field.starts_with(':') || text.is_empty() {
                continue;
            }
            match column.kind {
                Kind::Word => match word_of(column.field, text) {
                    Some(id) => put(&mut typed, column.field, &id),
                    None => {
                        let known = words(column.field).join("、");
                        wrong.push(row.at(
                            at,
                            l.pick(
                                format!("应为其中一项：{known}；现为“{text}”"),
                                format!("expected one of {known}, found {text:?}"),
                            ),
                        ));
                    }
                },
                Kind::Number if column.field == "asset.area.value" => match area_of(text) {
                    Some((number, unit)) => {
                        put(&mut typed, column.field, &number);
                        put(&mut typed, "asset.area.unit", &unit);
                    }
                    None => put(&mut typed, column.field, &text.replace(',', "")),
                },
                Kind::Number => put(&mut typed, column.field, sum_of(text)),
                Kind::Text | Kind::Day => put(&mut typed, column.field, text),
            }
        }
        let own = match (row.of_field(OWN), self.ledger()) {
            ("", Some(ledger)) => ledger.collective.name.as_str(),
            (given, _) => given,
        };
        typed.insert("parties".to_owned(), json!([own, row.of_field(OTHER)]));
        for field in ["performance_bond_fen", "asset.book_value_fen"] {
            if row.of_field(field).is_empty() {
                put(&mut typed, field, "0");
            }
        }
        if row.of_field("summary").is_empty() {
            let said: String = ["asset.name", "term_start", "term_end"]
                .map(|field| row.of_field(field))
                .join(" ");
            put(&mut typed, "summary", said.trim());
        }
        typed
    }

    /// Masks the names that the log must not hold in full; says whether there were any.
    fn mask(&self, typed: &mut Map<String, Value>, read: &Read, notes: &mut Vec<String>) -> bool {
        let mut masked = false;
        for fault in &read.faults {
            let Some(instead) = &fault.instead else {
                continue;
            };
            let place = match fault.field.as_str() {
                "parties[0]" => typed.get_mut("parties").and_then(|all| all.get_mut(0)),
                "parties[1]" => typed.get_mut("parties").and_then(|all| all.get_mut(1)),
                _ => None,
            };
            if let Some(place) = place {
                *place = json!(instead);
                masked = true;
                notes.push(self.language.pick(
                    format!("自然人姓名已写成“{instead}”；若是单位，请在表里写全称"),
                    format!(
                        "a person's name, written as {instead}; give an organisation's in full"
                    ),
                ));
            }
        }
        masked
    }

    /// What could not be read, and what is missing.
    fn say(&self, row: &Row<'_>, read: &Read, wrong: &mut Vec<Wrong>) {
        let l = self.language;
        let told: BTreeSet<&str> = wrong.iter().map(|told| told.column).collect();
        let place =
            |field: &str| column_for(field).filter(|at| !told.contains(COLUMNS[*at].heading));
        let mut found = Vec::new();
        for fault in &read.faults {
            found.push(match place(&fault.field) {
                Some(at) => row.at(at, fault.said.clone()),
                None => row.whole(fault.said.clone()),
            });
        }
        for field in &read.missing {
            // What can be worked out is looked at afterwards.
            if field == "amount_fen" {
                continue;
            }
            let said = l.pick("没有填", "not filled in").to_owned();
            if let Some(at) = place(field) {
                found.push(row.at(at, said));
            }
        }
        // A list leaves out what is blank.
        if row.of_field(OTHER).is_empty()
            && let Some(at) = place(OTHER)
        {
            found.push(row.at(at, l.pick("没有填", "not filled in").to_owned()));
        }
        // A contract may have no term in the log; one that a collective lists has.
        for field in ["term_start", "term_end"] {
            if row.of_field(field).is_empty()
                && let Some(at) = place(field)
            {
                found.push(row.at(at, l.pick("没有填", "not filled in").to_owned()));
            }
        }
        wrong.extend(found);
    }

    /// What the contract is worth, by its price and term, where the sheet does not say.
    fn complete(
        &self,
        row: &Row<'_>,
        body: &mut Map<String, Value>,
        missing: &[String],
        notes: &mut Vec<String>,
        wrong: &mut Vec<Wrong>,
    ) {
        let is_told = wrong
            .iter()
            .any(|told| Some(told.column) == heading("amount_fen"));
        if is_told || !missing.iter().any(|field| field == "amount_fen") {
            return;
        }
        let l = self.language;
        if let Some(amount) = worth(body) {
            body.insert("amount_fen".to_owned(), json!(amount));
            notes.push(l.pick(
                format!("合同总额没有填，按价格和期限算得 {amount} 元，请核对"),
                format!(
                    "the amount is worked out by price and term as {amount} yuan: please check"
                ),
            ));
            return;
        }
        let said = l.pick(
            "没有填，也不能由价格和期限算出（要有价格、计价方式，期限为整月）",
            "not filled in, and price and term do not give it",
        );
        wrong.extend(column_for("amount_fen").map(|at| row.at(at, said.to_owned())));
    }

    /// The statement, if the rules let it stand.
    fn drafted(
        &self,
        row: &Row<'_>,
        body: Map<String, Value>,
        id: TransactionId,
        mine: &mut bool,
    ) -> Outcome {
        let l = self.language;
        let who = (self.signer.clone(), l);
        let stream = StreamId::Transaction(id.clone());
        let drafting = Drafting::of(KIND, stream, Some(&id), self.state, who);
        let Some(drafting) = drafting else {
            return Outcome::Wrong(vec![
                row.whole(l.pick("账本是空的", "the ledger is empty").to_owned()),
            ]);
        };
        let drafted = drafting.statement(body, None, self.now);
        let judged = drafted.and_then(|drafted| {
            let tried = drafting.tried(&drafted.statement, self.now);
            *mine &= tried.mine;
            tried.verdict.map(|()| drafted.statement)
        });
        match judged {
            Ok(statement) => Outcome::Ready(Box::new(statement)),
            Err(fault) => {
                let said = in_words(fault.detail(KIND, l));
                let field = match fault.rule() {
                    "signed_under_ledger" => Some("signed_on".to_owned()),
                    "future_date" if said.contains("期限起") => Some("term_start".to_owned()),
                    "future_date" => Some("signed_on".to_owned()),
                    _ => fault.field(),
                };
                let at = field.and_then(|field| column_for(&field));
                Outcome::Wrong(vec![match at {
                    Some(at) => row.at(at, said),
                    None => row.whole(said),
                }])
            }
        }
    }
}

fn heading(field: &str) -> Option<&'static str> {
    column_for(field).map(|at| COLUMNS[at].heading)
}

/// What a rule says, with the fields that it names as the sheet names them.
fn in_words(said: String) -> String {
    let named = COLUMNS.iter().filter(|column| column.field.contains('_'));
    named.fold(said, |said, column| {
        said.replace(column.field, column.heading)
    })
}

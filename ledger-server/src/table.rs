//! Tables for a terminal: columns as wide as what is seen, where a Chinese character takes two places.
//!
//! Knows nothing of what stands in them.

use unicode_width::UnicodeWidthStr as _;

use crate::terminal::visible;

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Rows of cells under a head.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose columns are called so.
    pub(crate) fn new(head: &[(&str, Side)]) -> Self {
        Self {
            sides: head.iter().map(|(_, side)| *side).collect(),
            rows: vec![head.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row; cells beyond the last column are left out.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| visible(&cell).into_owned());
        self.rows.push(cells.take(self.sides.len()).collect());
    }

    /// Its lines, the head first, without white space at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let width_of = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.sides.len()).map(width_of).collect();
        let line = |row: &Vec<String>| {
            let columns = self.sides.iter().zip(&widths);
            let cells = row.iter().zip(columns).map(|(cell, (side, width))| {
                let space = " ".repeat(width.saturating_sub(cell.width()));
                match side {
                    Side::Left => format!("{cell}{space}"),
                    Side::Right => format!("{space}{cell}"),
                }
            });
            let cells: Vec<String> = cells.collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_seen() {
        let mut table = Table::new(&[("月份", Side::Left), ("元", Side::Right)]);
        table.row(["2018-03".to_owned(), "1.00".to_owned()]);
        table.row(["合计".to_owned(), "130,000.00".to_owned()]);
        table.row(["a\u{202e}b".to_owned(), String::new()]);
        assert_eq!(
            table.lines(),
            [
                "月份                元",
                "2018-03           1.00",
                "合计        130,000.00",
                "a\\u{202e}b",
            ]
        );
    }
}

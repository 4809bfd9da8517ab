//! A printed notice, read as somebody before the board reads it: as text, and by a camera.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "each test uses a part; a test fails by panicking; places in a picture are small numbers"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// How finely the sheet is drawn.
const DOTS_PER_INCH: &str = "200";

/// What is needed to read a PDF, if it is not there.
pub(crate) fn missing() -> Option<&'static str> {
    let there = Command::new("pdftoppm").arg("-v").output().is_ok();
    (!there).then_some("pdftoppm, pdfinfo and pdftotext: install poppler-utils")
}

/// A PDF.
pub(crate) struct Notice(PathBuf);

impl Notice {
    pub(crate) fn of(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn read(&self, program: &str, before: &[&str], after: &[&str]) -> Vec<u8> {
        let mut command = Command::new(program);
        let output = command.args(before).arg(&self.0).args(after).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        output.stdout
    }

    /// How many sheets of A4 it takes.
    pub(crate) fn sheets(&self) -> u32 {
        let said = String::from_utf8(self.read("pdfinfo", &[], &[])).unwrap();
        assert!(said.contains("(A4)"), "{said}");
        let pages = said.lines().find_map(|line| line.strip_prefix("Pages:"));
        pages.unwrap().trim().parse().unwrap()
    }

    /// The text that can be selected.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.read("pdftotext", &[], &["-"])).unwrap()
    }

    /// The first sheet, as it is drawn on paper.
    pub(crate) fn drawn(&self) -> Picture {
        let first = ["-gray", "-r", DOTS_PER_INCH, "-f", "1", "-l", "1"];
        Picture::parse(&self.read("pdftoppm", &first, &[]))
    }
}

/// Shades of grey.
pub(crate) struct Picture {
    width: usize,
    height: usize,
    shades: Vec<u8>,
}

impl Picture {
    /// Reads a binary PGM.
    fn parse(bytes: &[u8]) -> Self {
        let mut fields = bytes.splitn(4, |byte| byte.is_ascii_whitespace());
        let mut field = || fields.next().unwrap();
        assert_eq!(field(), b"P5");
        let number = |field: &[u8]| std::str::from_utf8(field).unwrap().parse().unwrap();
        let (width, height): (usize, usize) = (number(field()), number(field()));
        let (depth, shades) = field().split_at(4);
        assert_eq!((depth, shades.len()), (&b"255\n"[..], width * height));
        Self {
            width,
            height,
            shades: shades.to_vec(),
        }
    }

    fn at(&self, x: f64, y: f64) -> u8 {
        if x < 0.0 || y < 0.0 {
            return 255;
        }
        let (x, y) = (x as usize, y as usize);
        let inside = x < self.width && y < self.height;
        if inside {
            self.shades[y * self.width + x]
        } else {
            255
        }
    }

    fn map(&self, width: usize, height: usize, shade: impl Fn(f64, f64) -> u8) -> Self {
        let places = (0..width * height).map(|at| (at % width, at / width));
        let shades = places.map(|(x, y)| shade(x as f64, y as f64)).collect();
        Self {
            width,
            height,
            shades,
        }
    }

    /// As from further away.
    pub(crate) fn smaller(&self) -> Self {
        let scaled = |length: usize| length * 3 / 4;
        let (width, height) = (scaled(self.width), scaled(self.height));
        self.map(width, height, |x, y| {
            let (x, y) = (x / 0.75, y / 0.75);
            let near = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
            let sum: u32 = near
                .iter()
                .map(|(dx, dy)| u32::from(self.at(x + dx, y + dy)))
                .sum();
            (sum / 4) as u8
        })
    }

    /// Hung askew by so many degrees.
    pub(crate) fn turned(&self, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (middle_x, middle_y) = (self.width as f64 / 2.0, self.height as f64 / 2.0);
        self.map(self.width, self.height, |x, y| {
            let (x, y) = (x - middle_x, y - middle_y);
            self.at(x * cos - y * sin + middle_x, x * sin + y * cos + middle_y)
        })
    }

    /// As a poor camera sees it: every dot up to 16 shades too dark or too light, and not quite sharp.
    pub(crate) fn noisy(&self) -> Self {
        let grainy = self.map(self.width, self.height, |x, y| {
            let place = (y as u64) << 32 | x as u64;
            let mixed = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            let shade = i16::from(self.at(x, y)) + (mixed % 33) as i16 - 16;
            shade.clamp(0, 255) as u8
        });
        self.map(self.width, self.height, |x, y| {
            let near = (0..9).map(|at| (f64::from(at % 3) - 1.0, f64::from(at / 3) - 1.0));
            let sum: u32 = near
                .map(|(dx, dy)| u32::from(grainy.at(x + dx, y + dy)))
                .sum();
            (sum / 9) as u8
        })
    }

    /// What the code says, if a camera can read it.
    pub(crate) fn code(&self) -> Option<String> {
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(self.width, self.height, |x, y| {
                self.shades[y * self.width + x]
            });
        let grids = image.detect_grids();
        grids.iter().find_map(|grid| Some(grid.decode().ok()?.1))
    }
}

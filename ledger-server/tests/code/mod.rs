//! Reads a QR code as a camera does: from what is drawn.

/// What a camera reads off the page: the code's modules, drawn large, and decoded.
pub(crate) fn code_in(page: &str) -> String {
    const SCALE: usize = 4;
    let (_, path) = page.split_once(r#" d=""#).unwrap();
    let (path, _) = path.split_once('"').unwrap();
    let numbers = |run: &str| -> Vec<usize> {
        let numbers = run
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty());
        numbers.map(|part| part.parse().unwrap()).collect()
    };
    // Each dark run is `M<x> <y>h<width>v<height>H…V…`.
    let runs: Vec<Vec<usize>> = path.split('M').skip(1).map(numbers).collect();
    let size = page.split_once(r#"viewBox="0 0 "#).unwrap().1;
    let size = numbers(size.split('"').next().unwrap())[0];
    let mut dark = vec![false; size * size];
    for run in &runs {
        for y in run[1]..run[1] + run[3] {
            let row = y * size + run[0];
            dark[row..row + run[2]].fill(true);
        }
    }
    let side = size * SCALE;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
        if dark[y / SCALE * size + x / SCALE] {
            0
        } else {
            255
        }
    });
    let (_, text) = image.detect_grids()[0].decode().unwrap();
    text
}

//! QR codes: drawn for pages, as images to pass on, and for terminals.

use std::fmt::Write;

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, QRCode};

use crate::png::{Bitmap, encode};

/// Light modules around the code, without which readers do not find it.
const MARGIN: usize = 4;

/// Of an image for others to show.
const PNG_SIZE: usize = 512;

/// A text as a QR code.
#[derive(Debug)]
pub struct QrCode(QRCode);

/// A text of which no QR code can be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

impl QrCode {
    /// Of this text.
    pub fn of(text: &str) -> Result<Self, TooLong> {
        let code = QRBuilder::new(text).ecl(ECL::M).build();
        code.map(Self).map_err(|_| TooLong)
    }

    fn size(&self) -> usize {
        self.0.size + 2 * MARGIN
    }

    /// Whether a module is dark, counted with the margin.
    fn dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < self.0.size);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.0[y][x].value(),
            _ => false,
        }
    }

    /// An SVG image, one path of all runs of dark modules.
    pub fn svg(&self) -> String {
        let size = self.size();
        let mut path = String::new();
        for y in 0..size {
            let mut x = 0;
            while x < size {
                let run = (x..size).take_while(|x| self.dark(*x, y)).count();
                if run > 0 {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>"##
        )
    }

    /// A PNG image of 512 by 512.
    pub fn png(&self) -> Vec<u8> {
        let modules = self.size();
        let mut bitmap = Bitmap::white(PNG_SIZE);
        for y in 0..PNG_SIZE {
            for x in 0..PNG_SIZE {
                if self.dark(x * modules / PNG_SIZE, y * modules / PNG_SIZE) {
                    bitmap.blacken(x, y);
                }
            }
        }
        encode(&bitmap)
    }

    /// In characters, for terminals with light letters on a dark ground.
    pub fn text(&self) -> String {
        let line = |y: usize| {
            let half = |x| match (!self.dark(x, y), !self.dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            (0..self.size()).map(half).chain(['\n']).collect::<String>()
        };
        (0..self.size()).step_by(2).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_in_every_form() {
        let code = QrCode::of("https://sogs.example.org").unwrap();
        let svg = code.svg();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert_eq!(&code.png()[16..24], [0, 0, 2, 0, 0, 0, 2, 0]);
        let text = code.text();
        assert!(text.lines().count() > 12 && !text.contains('h'));
        assert_eq!(QrCode::of(&"x".repeat(5000)).err(), Some(TooLong));
    }
}

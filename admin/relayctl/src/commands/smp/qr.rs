//! A QR code in the terminal: two rows a line, light on dark, with the margin that scanners want.

use fast_qr::{QRBuilder, QRCode};

use crate::failure::Failure;
use crate::output::Output;

/// Light modules around the code.
const MARGIN: usize = 4;

/// The text as a QR code, in lines.
pub(in crate::commands) fn draw(text: &str, output: Output) -> Result<String, Failure> {
    let code = QRBuilder::new(text).build();
    let code =
        code.map_err(|_| Failure::Refused("the address is too long for a QR code".into()))?;
    let whole = code.size + 2 * MARGIN;
    let lines = (0..whole).step_by(2).map(|row| {
        let line: String = (0..whole).map(|column| pair(&code, row, column)).collect();
        output.light_on_dark(&line)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// A module and the one below it.
fn pair(code: &QRCode, row: usize, column: usize) -> char {
    match (is_light(code, row, column), is_light(code, row + 1, column)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

fn is_light(code: &QRCode, row: usize, column: usize) -> bool {
    let inside = |position: usize| position.checked_sub(MARGIN).filter(|at| *at < code.size);
    match (inside(row), inside(column)) {
        (Some(row), Some(column)) => !code[row][column].value(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_one() {
        let code = draw("smp", Output::new(false)).expect("short enough");
        insta::assert_snapshot!(code, @r"
        █████████████████████████████
        █████████████████████████████
        ████ ▄▄▄▄▄ █ ▀ ▀██ ▄▄▄▄▄ ████
        ████ █   █ ██▀▄▄▀█ █   █ ████
        ████ █▄▄▄█ ███ ▀ █ █▄▄▄█ ████
        ████▄▄▄▄▄▄▄█▄█▄█▄█▄▄▄▄▄▄▄████
        ████▀▄▀█▀▀▄▄▄  ▄▀ █▀▀▀█▄▄████
        ████ ▀█▄▄█▄▀███ ▄▀  █   ▀████
        ████▄█▄█▄▄▄▄▀▄▄▀█▄▄▄▄█▀  ████
        ████ ▄▄▄▄▄ █▄▀█  ▄▀█▄█  █████
        ████ █   █ ██ ▄▀▀ ▀▀▄▀▄██████
        ████ █▄▄▄█ █▀▀█   ▀ ▄ █▄▄████
        ████▄▄▄▄▄▄▄█████▄██▄██▄▄█████
        █████████████████████████████
        █████████████████████████████
        ");
    }

    #[test]
    fn an_address_fits_into_a_terminal() {
        let address = format!(
            "smp://{}:{}@smp.example.org",
            "f".repeat(44),
            "p".repeat(44)
        );
        let code = draw(&address, Output::new(false)).expect("short enough");
        let widths: Vec<_> = code.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]));
        assert!(widths[0] <= 80 && widths.len() <= 40, "{}", widths.len());
    }

    #[test]
    fn what_is_too_long_is_refused() {
        assert!(draw(&"x".repeat(5000), Output::new(false)).is_err());
    }
}

//! Just enough of PNG for black and white: one bit a pixel, not compressed.

/// A square of black and white.
pub(crate) struct Bitmap {
    size: usize,
    /// A line after the other, each filled up to whole bytes; 1 is white.
    bits: Vec<u8>,
}

impl Bitmap {
    pub(crate) fn white(size: usize) -> Self {
        Self {
            size,
            bits: vec![0xff; size * size.div_ceil(8)],
        }
    }

    pub(crate) fn blacken(&mut self, x: usize, y: usize) {
        let at = y * self.size.div_ceil(8) + x / 8;
        if let Some(byte) = self.bits.get_mut(at) {
            *byte &= !(0x80 >> (x % 8));
        }
    }

    /// Each line behind the number of its filter, of which there is none.
    fn scanlines(&self) -> Vec<u8> {
        let lines = self.bits.chunks(self.size.div_ceil(8));
        lines.flat_map(|line| [&[0], line].concat()).collect()
    }
}

pub(crate) fn encode(bitmap: &Bitmap) -> Vec<u8> {
    let size = u32::try_from(bitmap.size).unwrap_or(0).to_be_bytes();
    let depth_colour_compression_filter_interlace = [1, 0, 0, 0, 0];
    let header = [&size[..], &size, &depth_colour_compression_filter_interlace].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &zlib_stored(&bitmap.scanlines()));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    let len = u32::try_from(content.len()).unwrap_or(0);
    let typed = [&kind[..], content].concat();
    png.extend_from_slice(&len.to_be_bytes());
    png.extend_from_slice(&typed);
    png.extend_from_slice(&crc32(&typed).to_be_bytes());
}

/// A zlib stream (RFC 1950) of stored blocks.
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let len = u16::try_from(block.len()).unwrap_or(0);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&len.to_le_bytes());
        stream.extend_from_slice(&(!len).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler32(bytes).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !bytes.iter().fold(!0, step)
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn images_have_the_shape_of_png() {
        let mut bitmap = Bitmap::white(9);
        bitmap.blacken(8, 1);
        assert_eq!(bitmap.scanlines()[..6], [0, 0xff, 0xff, 0, 0xff, 0x7f]);
        let png = encode(&bitmap);
        assert_eq!(&png[12..24], b"IHDR\0\0\0\x09\0\0\0\x09");
        assert!(png.ends_with(b"IEND\xae\x42\x60\x82"));
    }
}

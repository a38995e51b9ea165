//! Salsa20 for eight blocks at once, for whatever vectors the machine has.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into the dispatched function is compiled without its vectors"
)]

use fearless_simd::{Simd, SimdBase, u32x8};
use zeroize::Zeroizing;

use super::{BLOCK, xor};

const LANES: usize = 8;

/// Applies the stream of the matrix `state` from block number `first` on.
#[inline(always)]
pub(super) fn xor_stream<S: Simd>(simd: S, state: &[u32; 16], first: u64, body: &mut [u8]) {
    let mut stream = Zeroizing::new([0; BLOCK * LANES]);
    let mut counter = first;
    for chunk in body.chunks_mut(BLOCK * LANES) {
        eight_blocks(simd, state, counter, &mut stream);
        xor(chunk, &*stream);
        counter = counter.wrapping_add(8);
    }
}

/// Each vector holds one word of the matrix, for eight blocks.
#[inline(always)]
fn eight_blocks<S: Simd>(
    simd: S,
    state: &[u32; 16],
    counter: u64,
    stream: &mut [u8; BLOCK * LANES],
) {
    let counters: [[u32; 2]; LANES] = std::array::from_fn(|lane| low_high(counter, lane));
    let start: [u32x8<S>; 16] = std::array::from_fn(|i| match i {
        8 => u32x8::from_slice(simd, &counters.map(|[low, _]| low)),
        9 => u32x8::from_slice(simd, &counters.map(|[_, high]| high)),
        _ => u32x8::splat(simd, state[i]),
    });
    let mut x = start;
    for _ in 0..10 {
        quarter(&mut x, [0, 4, 8, 12]);
        quarter(&mut x, [5, 9, 13, 1]);
        quarter(&mut x, [10, 14, 2, 6]);
        quarter(&mut x, [15, 3, 7, 11]);
        quarter(&mut x, [0, 1, 2, 3]);
        quarter(&mut x, [5, 6, 7, 4]);
        quarter(&mut x, [10, 11, 8, 9]);
        quarter(&mut x, [15, 12, 13, 14]);
    }
    let words: [[u32; LANES]; 16] = std::array::from_fn(|i| (x[i] + start[i]).into());
    let (blocks, _) = stream.as_chunks_mut::<BLOCK>();
    for (lane, block) in blocks.iter_mut().enumerate() {
        let (slots, _) = block.as_chunks_mut::<4>();
        for (slot, word) in slots.iter_mut().zip(&words) {
            *slot = word[lane].to_le_bytes();
        }
    }
}

#[inline(always)]
fn quarter<S: Simd>(words: &mut [u32x8<S>; 16], [a, b, c, d]: [usize; 4]) {
    words[b] ^= rotated::<S, 7>(words[a] + words[d]);
    words[c] ^= rotated::<S, 9>(words[b] + words[a]);
    words[d] ^= rotated::<S, 13>(words[c] + words[b]);
    words[a] ^= rotated::<S, 18>(words[d] + words[c]);
}

#[inline(always)]
fn rotated<S: Simd, const BITS: u32>(sum: u32x8<S>) -> u32x8<S> {
    (sum << BITS) | (sum >> (32 - BITS))
}

fn low_high(counter: u64, lane: usize) -> [u32; 2] {
    let bytes = counter.wrapping_add(lane as u64).to_le_bytes();
    let (words, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

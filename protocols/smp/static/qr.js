// QR codes (ISO/IEC 18004) made in the browser, for links whose secret must not leave it: bytes, error
// correction level M, any size. qrCode(text) gives rows of booleans, true is dark; null if too long.
"use strict";

const qrCode = (() => {
  // Of level M, by version: check words in a block, and blocks.
  const CHECKS = [
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
    26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  ];
  const BLOCKS = [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
    17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
  ];

  // Numbers of 8 bits as Reed and Solomon have them.
  const POWERS = [];
  const LOGS = [];
  for (let i = 0, value = 1; i < 255; i++) {
    POWERS[i] = value;
    LOGS[value] = i;
    value <<= 1;
    if (value > 255) value ^= 0x11d;
  }
  const times = (a, b) => (a && b ? POWERS[(LOGS[a] + LOGS[b]) % 255] : 0);

  function divisor(degree) {
    let product = [1];
    for (let i = 0; i < degree; i++) {
      const next = [...product, 0];
      product.forEach((value, at) => { next[at + 1] ^= times(value, POWERS[i]); });
      product = next;
    }
    return product;
  }

  function checkWords(data, by) {
    const rest = [...data, ...Array(by.length - 1).fill(0)];
    for (let i = 0; i < data.length; i++) {
      const factor = rest[i];
      by.forEach((value, at) => { rest[i + at] ^= times(value, factor); });
    }
    return rest.slice(data.length);
  }

  function capacity(version) {
    let bits = (16 * version + 128) * version + 64;
    if (version > 1) {
      const marks = Math.floor(version / 7) + 2;
      bits -= (25 * marks - 10) * marks - 55;
      if (version > 6) bits -= 36;
    }
    return Math.floor(bits / 8);
  }

  const room = (version) => capacity(version) - CHECKS[version - 1] * BLOCKS[version - 1];
  const lengthBits = (version) => (version < 10 ? 8 : 16);

  function smallest(length) {
    for (let version = 1; version <= 40; version++) {
      if (4 + lengthBits(version) + 8 * length <= 8 * room(version)) return version;
    }
    return null;
  }

  function words(bytes, version) {
    const bits = [];
    const push = (value, count) => {
      for (let i = count - 1; i >= 0; i--) bits.push((value >> i) & 1);
    };
    const end = 8 * room(version);
    push(4, 4);
    push(bytes.length, lengthBits(version));
    bytes.forEach((byte) => push(byte, 8));
    push(0, Math.min(4, end - bits.length));
    push(0, (8 - (bits.length % 8)) % 8);
    for (let filler = 0xec; bits.length < end; filler ^= 0xec ^ 0x11) push(filler, 8);
    const whole = [];
    for (let i = 0; i < bits.length; i += 8) {
      whole.push(bits.slice(i, i + 8).reduce((word, bit) => (word << 1) | bit, 0));
    }
    return whole;
  }

  // Data and check words of all blocks in turns; the last blocks are one word longer.
  function inTurns(data, version) {
    const count = BLOCKS[version - 1];
    const by = divisor(CHECKS[version - 1]);
    const shorter = Math.floor(capacity(version) / count) - CHECKS[version - 1];
    const longFrom = count - (capacity(version) % count);
    const blocks = [];
    for (let i = 0, at = 0; i < count; i++) {
      const length = shorter + (i >= longFrom ? 1 : 0);
      blocks.push(data.slice(at, at + length));
      at += length;
    }
    const checks = blocks.map((block) => checkWords(block, by));
    const out = [];
    for (let i = 0; i <= shorter; i++) {
      for (const block of blocks) if (i < block.length) out.push(block[i]);
    }
    for (let i = 0; i < by.length - 1; i++) for (const check of checks) out.push(check[i]);
    return out;
  }

  function marks(version) {
    if (version === 1) return [];
    const count = Math.floor(version / 7) + 2;
    const step = version === 32 ? 26 : Math.ceil((4 * version + 4) / (2 * count - 2)) * 2;
    const places = [6];
    for (let at = 4 * version + 10; places.length < count; at -= step) places.splice(1, 0, at);
    return places;
  }

  // What is in every code of this size. `fixed` tells where.
  function frame(version) {
    const size = 17 + 4 * version;
    const dark = Array.from({ length: size }, () => Array(size).fill(false));
    const fixed = Array.from({ length: size }, () => Array(size).fill(false));
    const set = (x, y, value) => {
      if (x < 0 || y < 0 || x >= size || y >= size) return;
      dark[y][x] = Boolean(value);
      fixed[y][x] = true;
    };
    const rings = (x, y, radius, light) => {
      for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
          set(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
        }
      }
    };
    for (let i = 0; i < size; i++) {
      set(6, i, i % 2 === 0);
      set(i, 6, i % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) rings(x, y, 4, [2, 4]);
    const places = marks(version);
    const last = places.length - 1;
    places.forEach((x, i) => places.forEach((y, j) => {
      const corner = (i === 0 && (j === 0 || j === last)) || (i === last && j === 0);
      if (!corner) rings(x, y, 2, [1]);
    }));
    return { size, dark, fixed, set };
  }

  function withCheck(value, bits, polynomial) {
    let rest = value;
    for (let i = 0; i < bits; i++) rest = (rest << 1) ^ ((rest >> (bits - 1)) * polynomial);
    return (value << bits) | rest;
  }

  function sign({ size, set }, version, mask) {
    const format = withCheck(mask, 10, 0x537) ^ 0x5412;
    const bit = (i) => (format >> i) & 1;
    for (let i = 0; i < 6; i++) set(8, i, bit(i));
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) set(14 - i, 8, bit(i));
    for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
    set(8, size - 8, true);
    if (version < 7) return;
    const number = withCheck(version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
      set(a, b, (number >> i) & 1);
      set(b, a, (number >> i) & 1);
    }
  }

  function fill({ size, dark, fixed }, content) {
    let at = 0;
    for (let right = size - 1; right > 0; right -= 2) {
      if (right === 6) right = 5;
      const up = ((right + 1) & 2) === 0;
      for (let i = 0; i < size; i++) {
        const y = up ? size - 1 - i : i;
        for (const x of [right, right - 1]) {
          if (fixed[y][x]) continue;
          dark[y][x] = at < 8 * content.length && ((content[at >> 3] >> (7 - (at & 7))) & 1) === 1;
          at++;
        }
      }
    }
  }

  const MASKS = [
    (x, y) => (x + y) % 2,
    (x, y) => y % 2,
    (x) => x % 3,
    (x, y) => (x + y) % 3,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
    (x, y) => ((x * y) % 2) + ((x * y) % 3),
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
  ];

  // How hard a code is to read: runs, blocks, what looks like a corner, too much of one colour.
  function penalty(rows) {
    const size = rows.length;
    const columns = rows.map((_, x) => rows.map((row) => row[x]));
    let points = 0;
    for (const line of [...rows, ...columns]) {
      const text = line.map(Number).join("");
      for (const run of text.match(/0{5,}|1{5,}/g) ?? []) points += run.length - 2;
      points += 40 * (text.match(/(?=00001011101|10111010000)/g) ?? []).length;
    }
    let count = 0;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        count += rows[y][x];
        if (y && x && new Set([rows[y][x], rows[y - 1][x], rows[y][x - 1], rows[y - 1][x - 1]]).size === 1) points += 3;
      }
    }
    return points + 10 * Math.floor(Math.abs((20 * count) / (size * size) - 10));
  }

  return (text) => {
    const bytes = [...new TextEncoder().encode(text)];
    const version = smallest(bytes.length);
    if (version === null) return null;
    const content = inTurns(words(bytes, version), version);
    const tried = MASKS.map((mask, number) => {
      const code = frame(version);
      sign(code, version, number);
      fill(code, content);
      const rows = code.dark.map((row, y) =>
        row.map((value, x) => value !== (!code.fixed[y][x] && mask(x, y) === 0)));
      return { rows, points: penalty(rows) };
    });
    return tried.reduce((best, other) => (other.points < best.points ? other : best)).rows;
  };
})();

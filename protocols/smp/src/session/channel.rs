//! An established session, seen from either side: blocks are opened and split, and what is to
//! leave is packed into as few blocks as it fits in.

use std::fmt;

use crate::crypto::{Chain, Chains};
use crate::wire::{Batch, BatchWriter, Framing, Malformed, Session, Short, Version, Writer, unpad};

/// What both sides keep of a connection after the handshake.
pub struct Channel {
    version: Version,
    session_id: Box<[u8]>,
    chains: Option<Directions>,
}

struct Directions {
    opening: Chain,
    sealing: Chain,
}

/// Which side of a session one is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Client,
    Server,
}

/// A block, and what did not fit into it.
#[derive(Debug)]
pub struct Packed<'p, T> {
    /// The block as it leaves; none when nothing was left that fits any block.
    pub block: Option<Vec<u8>>,
    /// What is to go into the next blocks.
    pub rest: &'p [T],
    /// How many were left out because no block is large enough for them.
    pub too_large: usize,
}

impl Channel {
    pub(super) fn new(
        side: Side,
        version: Version,
        session_id: &[u8],
        chains: Option<Chains>,
    ) -> Self {
        Self {
            version,
            session_id: session_id.into(),
            chains: chains.map(|chains| Directions::of(side, chains)),
        }
    }

    /// What transmissions are read and written by.
    pub fn session(&self) -> Session<'_> {
        Session {
            version: self.version,
            id: Short::cut(&self.session_id),
        }
    }

    /// How blocks are protected.
    pub fn framing(&self) -> Framing {
        match self.chains {
            None => Framing::Plain,
            Some(_) => Framing::Sealed,
        }
    }

    /// Decrypts a received block in place and splits it. A bad block is not the end: the next
    /// one can be good, because the key moves on either way.
    pub fn open<'b>(&mut self, block: &'b mut [u8]) -> Result<Batch<'b>, Malformed> {
        let padded: &[u8] = match &mut self.chains {
            None => block,
            Some(chains) => chains.opening.open(block).map_err(|_| Malformed)?,
        };
        unpad(padded).and_then(Batch::split)
    }

    /// Fills one block, in the memory of `buffer`, with the first of `parts`.
    pub fn pack<'p, T>(
        &mut self,
        parts: &'p [T],
        buffer: Vec<u8>,
        encode: impl Fn(&T, Session<'_>, &mut Writer<'_>),
    ) -> Packed<'p, T> {
        let mut batch = BatchWriter::reuse(buffer, self.framing());
        let (mut rest, mut too_large) = (parts, 0);
        while let Some((part, behind)) = rest.split_first() {
            let pushed = batch.push(|out| encode(part, self.session(), out));
            match pushed {
                Ok(()) => {}
                Err(_) if batch.is_empty() => too_large += 1,
                Err(_) => break,
            }
            rest = behind;
        }
        Packed {
            block: (!batch.is_empty()).then(|| self.seal(batch.finish())),
            rest,
            too_large,
        }
    }

    /// Makes a block of `content` as it is, well-formed or not: how tests misbehave.
    pub fn seal_content(&mut self, content: &[u8]) -> Result<Vec<u8>, crate::wire::TooLarge> {
        let offset = self.framing().offset();
        let mut block = vec![0; offset];
        crate::wire::pad(&mut block, crate::wire::BLOCK - offset, |out| {
            out.bytes(content);
        })?;
        Ok(self.seal(block))
    }

    fn seal(&mut self, mut block: Vec<u8>) -> Vec<u8> {
        if let Some(chains) = &mut self.chains {
            chains.sealing.seal(&mut block);
        }
        block
    }
}

impl Directions {
    fn of(side: Side, chains: Chains) -> Self {
        let (opening, sealing) = match side {
            Side::Client => (chains.to_client, chains.to_server),
            Side::Server => (chains.to_server, chains.to_client),
        };
        Self { opening, sealing }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel(v{}, {:?})", self.version, self.framing())
    }
}

//! An established session, seen from either side: blocks are opened and split, and what is to
//! leave is packed into as few blocks as it fits in.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::crypto::{Chain, Chains};
use crate::wire::{
    BLOCK, Batch, BatchWriter, Framing, Malformed, Session, Short, TAG, TooLarge, Version, Writer,
    pad, unpad,
};

/// What both sides keep of a connection after the handshake.
#[derive(Debug)]
pub struct Channel {
    opener: Opener,
    packer: Packer,
}

/// The receiving half of a [`Channel`].
pub struct Opener {
    facts: Facts,
    chain: Option<Chain>,
}

/// The sending half of a [`Channel`].
pub struct Packer {
    facts: Facts,
    chain: Option<Chain>,
}

/// What transmissions are read and written by, owned.
#[derive(Clone)]
pub struct Facts {
    version: Version,
    session_id: Arc<[u8]>,
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
        let facts = Facts {
            version,
            session_id: session_id.into(),
        };
        let (opening, sealing) = chains.map(|chains| side.directions(chains)).unzip();
        Self {
            opener: Opener {
                facts: facts.clone(),
                chain: opening,
            },
            packer: Packer {
                facts,
                chain: sealing,
            },
        }
    }

    /// What transmissions are read and written by.
    pub fn session(&self) -> Session<'_> {
        self.packer.facts.session()
    }

    /// The same, to be kept.
    pub fn facts(&self) -> &Facts {
        &self.packer.facts
    }

    /// How blocks are protected.
    pub fn framing(&self) -> Framing {
        self.packer.framing()
    }

    /// Decrypts a received block in place and splits it; see [`Opener::open`].
    pub fn open<'b>(&mut self, block: &'b mut [u8]) -> Result<Batch<'b>, Malformed> {
        self.opener.open(block)
    }

    /// Decrypts a received block in place; see [`Opener::decrypt`].
    pub fn decrypt(&mut self, block: &mut [u8]) -> Result<Range<usize>, Malformed> {
        self.opener.decrypt(block)
    }

    /// Fills one block with the first of `parts`; see [`Packer::pack`].
    pub fn pack<'p, T>(
        &mut self,
        parts: &'p [T],
        buffer: Vec<u8>,
        encode: impl Fn(&T, Session<'_>, &mut Writer<'_>),
    ) -> Packed<'p, T> {
        self.packer.pack(parts, buffer, encode)
    }

    /// The sending half.
    pub fn packer(&mut self) -> &mut Packer {
        &mut self.packer
    }

    /// Both halves, for one who reads while writing.
    pub fn split(self) -> (Opener, Packer) {
        (self.opener, self.packer)
    }
}

impl Opener {
    /// What transmissions are read by.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Decrypts a received block in place and splits it. A bad block is not the end: the next
    /// one can be good, because the key moves on either way.
    pub fn open<'b>(&mut self, block: &'b mut [u8]) -> Result<Batch<'b>, Malformed> {
        let content = self.decrypt(block)?;
        Batch::split(block.get(content).ok_or(Malformed)?)
    }

    /// Decrypts a received block in place; gives where in it the content is.
    pub fn decrypt(&mut self, block: &mut [u8]) -> Result<Range<usize>, Malformed> {
        let (padded, start): (&[u8], _) = match &mut self.chain {
            None => (block, 0),
            Some(chain) => (chain.open(block).map_err(|_| Malformed)?, TAG),
        };
        let length = unpad(padded)?.len();
        Ok(start + 2..start + 2 + length)
    }
}

impl Packer {
    /// What transmissions are written by.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How blocks are protected.
    pub fn framing(&self) -> Framing {
        match self.chain {
            None => Framing::Plain,
            Some(_) => Framing::Sealed,
        }
    }

    /// Fills one block, in the memory of `buffer`, with the first of `parts`.
    pub fn pack<'p, T>(
        &mut self,
        parts: &'p [T],
        mut buffer: Vec<u8>,
        encode: impl Fn(&T, Session<'_>, &mut Writer<'_>),
    ) -> Packed<'p, T> {
        buffer.clear();
        buffer.reserve_exact(BLOCK);
        let mut batch = BatchWriter::reuse(buffer, self.framing());
        let (mut rest, mut too_large) = (parts, 0);
        while let Some((part, behind)) = rest.split_first() {
            match batch.push(|out| encode(part, self.facts.session(), out)) {
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
    pub fn seal_content(&mut self, content: &[u8]) -> Result<Vec<u8>, TooLarge> {
        let offset = self.framing().offset();
        let mut block = vec![0; offset];
        pad(&mut block, BLOCK - offset, |out| out.bytes(content))?;
        Ok(self.seal(block))
    }

    fn seal(&mut self, mut block: Vec<u8>) -> Vec<u8> {
        if let Some(chain) = &mut self.chain {
            chain.seal(&mut block);
        }
        block
    }
}

impl Facts {
    /// Of a session that is spoken in through another.
    pub(crate) fn new(version: Version, session_id: &[u8]) -> Self {
        Self {
            version,
            session_id: session_id.into(),
        }
    }

    /// As parsers and encoders want it.
    pub fn session(&self) -> Session<'_> {
        Session {
            version: self.version,
            id: Short::cut(&self.session_id),
        }
    }
}

impl Side {
    /// What it opens with, and what it seals with.
    fn directions(self, chains: Chains) -> (Chain, Chain) {
        match self {
            Self::Client => (chains.to_client, chains.to_server),
            Self::Server => (chains.to_server, chains.to_client),
        }
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({:?})", self.facts)
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packer({:?}, {:?})", self.facts, self.framing())
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.version)
    }
}

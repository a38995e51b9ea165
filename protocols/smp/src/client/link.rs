//! One connection with one owner: blocks out, blocks in, and the means to misbehave.

use std::fmt;
use std::io;

use bytes::Bytes;
use rand::CryptoRng;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};

use super::calls::authorized;
use super::{Call, CallError, ConnectError, QueueKey, Received};
use crate::crypto::BoxKey;
use crate::session::{
    ClientHandshake, ClientSession, Expected, Facts, Opener, Packer, ServerIdentity,
};
use crate::transport::BlockReader;
use crate::wire::{Batch, Draft, Malformed, Short};

/// A connection after the handshake.
pub struct Link<S> {
    /// The sending half.
    pub outgoing: Outgoing<WriteHalf<S>>,
    /// The receiving half.
    pub incoming: Incoming<ReadHalf<S>>,
}

/// The sending half of a [`Link`].
pub struct Outgoing<W> {
    stream: W,
    packer: Packer,
    server: Option<ServerIdentity>,
    forwarding: Option<BoxKey>,
    buffer: Vec<u8>,
}

/// The receiving half of a [`Link`].
pub struct Incoming<R> {
    stream: R,
    opener: Opener,
    reader: BlockReader,
}

impl<S: AsyncRead + AsyncWrite> Link<S> {
    /// Does the handshake on a stream whose TLS handshake is done.
    pub async fn handshake(
        stream: S,
        expected: Expected,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ConnectError> {
        let (mut read, mut write) = split(stream);
        let mut reader = BlockReader::default();
        let hello = reader.read(&mut read).await?.ok_or(ConnectError::Closed)?;
        let (session, answer) = ClientHandshake::new(expected).receive(&hello, rng)?;
        send(&mut write, &answer).await?;
        let ClientSession {
            channel,
            server,
            forwarding,
        } = session;
        let (opener, packer) = channel.split();
        Ok(Self {
            outgoing: Outgoing {
                stream: write,
                packer,
                server,
                forwarding,
                buffer: Vec::new(),
            },
            incoming: Incoming {
                stream: read,
                opener,
                reader,
            },
        })
    }

    /// Sends one command and waits for the next block.
    pub async fn ask(
        &mut self,
        call: &Call<'_>,
        corr_id: &[u8],
    ) -> Result<Vec<Received>, CallError> {
        let transmission = self.outgoing.transmission(call, corr_id)?;
        let sent = self.outgoing.send(&[transmission]).await;
        sent.map_err(|_| CallError::Closed)?;
        match self.incoming.receive().await {
            Ok(Some(received)) => Ok(received),
            _ => Err(CallError::Closed),
        }
    }
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    /// What transmissions are written by.
    pub fn facts(&self) -> &Facts {
        self.packer.facts()
    }

    /// Who the server showed to be.
    pub fn server(&self) -> Option<&ServerIdentity> {
        self.server.as_ref()
    }

    /// What a proxy encrypts forwarded commands with; nothing for others.
    pub fn forwarding(&self) -> Option<&BoxKey> {
        self.forwarding.as_ref()
    }

    /// Encodes and authorizes a command for this connection.
    pub fn transmission(&self, call: &Call<'_>, corr_id: &[u8]) -> Result<Vec<u8>, CallError> {
        let server_key = self.server.as_ref().map(|server| &server.session_key);
        call.transmission(self.facts(), server_key, corr_id)
    }

    /// The same with any bytes in the command's place: what tests send.
    pub fn misspelt(
        &self,
        command: &[u8],
        entity_id: &[u8],
        key: Option<&QueueKey>,
        corr_id: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let corr_id = Short::cut(corr_id);
        let draft = Draft::of_bytes(corr_id, Short::cut(entity_id), command)?;
        let server_key = self.server.as_ref().map(|server| &server.session_key);
        authorized(self.facts().session(), &draft, key, server_key, corr_id)
    }

    /// Sends transmissions in as few blocks as they fit in. One that fits no block is left out.
    pub async fn send<T: AsRef<[u8]>>(&mut self, transmissions: &[T]) -> io::Result<()> {
        let mut rest = transmissions;
        while !rest.is_empty() {
            let buffer = std::mem::take(&mut self.buffer);
            let packed = self
                .packer
                .pack(rest, buffer, |bytes, _, out| out.bytes(bytes.as_ref()));
            rest = packed.rest;
            if let Some(block) = packed.block {
                self.stream.write_all(&block).await?;
                self.buffer = block;
            }
        }
        self.stream.flush().await
    }

    /// Sends a block whose content the caller made, well-formed or not.
    pub async fn send_content(&mut self, content: &[u8]) -> io::Result<()> {
        let sealed = self.packer.seal_content(content);
        let block = sealed.map_err(|_| io::ErrorKind::InvalidInput)?;
        send(&mut self.stream, &block).await
    }

    /// Sends bytes below the protocol: no block, no encryption but that of TLS.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        send(&mut self.stream, bytes).await
    }

    /// Says goodbye.
    pub async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    /// What the next block holds; nothing at the end of the connection. Can be cancelled.
    pub async fn receive(&mut self) -> io::Result<Option<Vec<Received>>> {
        let Some(block) = self.reader.read(&mut self.stream).await? else {
            return Ok(None);
        };
        let received = self.open(block);
        let received = received.map_err(|Malformed| io::ErrorKind::InvalidData)?;
        Ok(Some(received))
    }

    fn open(&mut self, mut block: Vec<u8>) -> Result<Vec<Received>, Malformed> {
        let content = self.opener.decrypt(&mut block)?;
        let content = Bytes::from(block).slice(content);
        Batch::split(&content)?
            .map(|part| Received::new(self.opener.facts().clone(), content.slice_ref(part)))
            .collect()
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

impl<S> fmt::Debug for Link<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl<W> fmt::Debug for Outgoing<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({:?})", self.packer)
    }
}

impl<R> fmt::Debug for Incoming<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({:?})", self.opener)
    }
}

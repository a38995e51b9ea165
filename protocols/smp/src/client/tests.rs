//! The client against a server that does what each test says, without TLS.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::session::tests::pair::{Start, ordinary};
use crate::session::{Channel, HandshakeFailure};
use crate::transport::BlockReader;
use crate::wire::{Command, Error, Reply, Request, Response, Short, Writer};

const LIMIT: Duration = Duration::from_secs(30);

/// The server's end.
struct Server {
    stream: DuplexStream,
    channel: Channel,
    reader: BlockReader,
}

impl Server {
    async fn accept(mut stream: DuplexStream) -> Self {
        let (handshake, hello) = Start::new().server();
        stream.write_all(&hello).await.unwrap();
        let mut reader = BlockReader::default();
        let answer = reader.read(&mut stream).await.unwrap().unwrap();
        Self {
            stream,
            channel: ordinary(handshake.receive(&answer, &[]).unwrap()).channel,
            reader,
        }
    }

    /// Reads a block and answers each command with what `answer` says to its tag.
    async fn serve(&mut self, answer: impl Fn(&str) -> Vec<Response<'static>>) -> Option<usize> {
        let mut block = self.reader.read(&mut self.stream).await.unwrap()?;
        let batch = self.channel.open(&mut block).unwrap();
        let session = self.channel.session();
        let mut answers = Vec::new();
        for bytes in batch {
            let request = Request::parse(session, bytes).unwrap();
            for response in answer(request.command.tag()) {
                answers.push((request.corr_id.as_bytes().to_vec(), response));
            }
        }
        self.say(&answers).await;
        Some(answers.len())
    }

    async fn say(&mut self, answers: &[(Vec<u8>, Response<'static>)]) {
        let mut rest = answers;
        while !rest.is_empty() {
            let packed =
                self.channel
                    .pack(rest, Vec::new(), |(corr_id, response), session, out| {
                        let encode = |out: &mut Writer<'_>| response.encode(session.version, out);
                        Reply::encode(session, Short::cut(corr_id), Short::EMPTY, encode, out);
                    });
            self.stream.write_all(&packed.block.unwrap()).await.unwrap();
            rest = packed.rest;
        }
    }
}

async fn connect() -> (Client, Events, Server) {
    let (near, far) = duplex(1 << 16);
    let mut rng = StdRng::seed_from_u64(7);
    let expected = Start::new().expected;
    let client = Client::over(near, expected, LIMIT, &mut rng);
    let (client, server) = tokio::join!(client, Server::accept(far));
    let (client, events) = client.unwrap();
    (client, events, server)
}

#[tokio::test]
async fn everybody_gets_the_answer_to_their_own_command() {
    let (client, _events, mut server) = connect().await;
    let ping = Call::plain(Command::Ping);
    let answer = |tag: &str| match tag {
        "PING" => vec![Response::Pong],
        _ => vec![Response::Err(Error::Auth)],
    };
    let unknown = Call::about(b"a queue", Command::Lget);
    let calls = [ping.clone(), unknown, ping];
    let (answers, count) = tokio::join!(client.batch(&calls), server.serve(answer));
    assert_eq!(count, Some(3), "all in one block");
    let tags: Vec<_> = answers
        .unwrap()
        .into_iter()
        .map(|answer| answer.unwrap().response().map(|response| response.tag()))
        .collect();
    let refused = Err(CallError::Refused(Error::Auth));
    assert_eq!(tags, [Ok("PONG"), refused, Ok("PONG")]);
}

#[tokio::test]
async fn what_answers_nobody_is_an_event() {
    let (client, mut events, mut server) = connect().await;
    server.say(&[(Vec::new(), Response::End)]).await;
    let event = events.next().await.unwrap();
    assert_eq!(event.response().unwrap(), Response::End);
    assert!(event.corr_id().is_empty());
    let answer = |_: &str| vec![Response::Pong];
    let (pong, _) = tokio::join!(client.ping(), server.serve(answer));
    assert_eq!(pong, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
    let (client, _events, mut server) = connect().await;
    let silence = |_: &str| Vec::new();
    let (pong, _) = tokio::join!(client.ping(), server.serve(silence));
    assert_eq!(pong, Err(CallError::TimedOut));
}

#[tokio::test]
async fn the_end_of_the_connection_ends_all_waiting() {
    let (client, mut events, server) = connect().await;
    let (pong, ()) = tokio::join!(client.ping(), async { drop(server) });
    assert_eq!(pong, Err(CallError::Closed));
    client.ended().await;
    assert!(events.next().await.is_none());
    assert_eq!(client.ping().await, Err(CallError::Closed));
}

#[tokio::test]
async fn a_dropped_client_closes_its_connection() {
    let (client, events, mut server) = connect().await;
    drop((client, events));
    assert_eq!(server.serve(|_| Vec::new()).await, None);
}

#[tokio::test]
async fn a_server_that_is_another_is_left() {
    let (near, far) = duplex(1 << 16);
    let mut expected = Start::new().expected;
    expected.fingerprint = [0; 32];
    let mut rng = StdRng::seed_from_u64(7);
    let server = async {
        let (_, hello) = Start::new().server();
        let mut far = far;
        far.write_all(&hello).await.unwrap();
        assert!(
            BlockReader::default()
                .read(&mut far)
                .await
                .unwrap()
                .is_none()
        );
    };
    let link = Link::handshake(near, expected, &mut rng);
    let (link, ()) = tokio::join!(link, server);
    let failure = HandshakeFailure::Identity;
    assert!(matches!(link, Err(ConnectError::Handshake(f)) if f == failure));
}

#[tokio::test]
async fn a_command_that_fits_no_block_is_not_sent() {
    let (client, _events, _server) = connect().await;
    let body = vec![0; 16385];
    let sent = client.send(b"queue", None, false, &body).await;
    assert_eq!(sent, Err(CallError::TooLarge));
}

//! Sessions without a socket.

use std::sync::Arc;

use relay_core::clock::{TestClock, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::config::{ControlConfig, SmpConfig};
use crate::engine::tests::bed::Bed;

async fn control(bed: &Bed) -> Control {
    let settings = Settings::new(SmpConfig {
        control: ControlConfig {
            admin_password: Some("admin".into()),
            user_password: Some("user".into()),
            ..ControlConfig::default()
        },
        ..SmpConfig::default()
    });
    let clock = Arc::new(TestClock::at(UnixTime::from_secs(1_750_000_000)));
    Control {
        engine: bed.engine.clone(),
        clients: Clients::known(Arc::clone(&clock) as _),
        settings,
        audit: Audit::new(bed.store.clone(), clock),
    }
}

/// All that is answered to these lines, without the greeting.
async fn session(control: &Control, lines: &str) -> String {
    let (mut ours, theirs) = duplex(1 << 16);
    ours.write_all(lines.as_bytes()).await.unwrap();
    ours.shutdown().await.unwrap();
    control.session(theirs).await.unwrap();
    let mut said = String::new();
    ours.read_to_string(&mut said).await.unwrap();
    said.strip_prefix(GREETING).unwrap().to_owned()
}

#[tokio::test]
async fn who_may_do_what() {
    let bed = Bed::sqlite(crate::engine::Settings::default()).await;
    let control = control(&bed).await;
    let nobody = "stats\nclients\nserver-info\nsockets\nstatus AQID\ndelete AQID\nsave\nthreads\n";
    assert_eq!(session(&control, nobody).await, "AUTH\n".repeat(8));
    let user = "auth user\ndelete AQID\nclients\nstatus AQID\n";
    assert_eq!(
        session(&control, user).await,
        "Current role is CPRUser\nAUTH\nAUTH\nerror: AUTH\n"
    );
    let admin = "auth admin\nsuspend\nresume\ndelete AQID\nsave\n";
    assert_eq!(
        session(&control, admin).await,
        "Current role is CPRAdmin\nsuspend not implemented\nresume not implemented\nerror: AUTH\n\
         saving server state...\nserver state saved!\n"
    );
}

#[tokio::test]
async fn roles_are_taken_once() {
    let bed = Bed::sqlite(crate::engine::Settings::default()).await;
    let control = control(&bed).await;
    let lines = "auth wrong\nauth user\nauth user\nauth admin\nauth wrong\n";
    assert_eq!(
        session(&control, lines).await,
        "Current role is CPRNone\nCurrent role is CPRUser\nCurrent role is CPRUser\n\
         Current role is CPRUser, start new session to change.\n\
         Current role is CPRUser, start new session to change.\n"
    );
    control.settings.replace(SmpConfig::default());
    let lines = "auth \nauth admin\nhelp\n\nfish\r\nquit\nhelp\n";
    assert_eq!(
        session(&control, lines).await,
        format!(
            "error: not enough input\nCurrent role is CPRNone\n{HELP}\
             error: Failed reading: bad ControlProtocol command\n"
        )
    );
}

#[tokio::test]
async fn lines_have_an_end() {
    let bed = Bed::sqlite(crate::engine::Settings::default()).await;
    let control = control(&bed).await;
    assert_eq!(session(&control, "help").await, "");
    assert_eq!(session(&control, &"x".repeat(10_000)).await, "");
}

#[tokio::test]
async fn statistics_have_the_reference_lines() {
    let bed = Bed::sqlite(crate::engine::Settings::default()).await;
    let control = control(&bed).await;
    let said = session(&control, "auth user\nstats\n").await;
    let names: Vec<_> = said
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .collect();
    assert_eq!(names.len(), 38, "{said}");
    assert_eq!(names[0], ("fromTime", "2025-06-15 15:06:40 UTC"));
    assert_eq!(
        names[12].0,
        "other SUB events (auth, duplicate, prohibited)"
    );
    assert_eq!(names[12].1, "(0,0,0)");
    assert!(said.contains(
        "pRelays: requests=0, successes=0, errorsConnect=0, errorsCompat=0, errorsOther=0\n"
    ));
    let said = session(&control, "auth admin\nstats\nserver-info\n").await;
    assert!(said.contains("ntfCount 2: 0\n"));
    assert!(
        said.contains("Ntf subscribed clients count 2: 0 fromList []\n"),
        "{said}"
    );
}

//! The terminal: taken at the beginning, given back at the end, whatever that is.

use std::io::{self, Stdout};
use std::panic;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use futures_util::StreamExt as _;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use relay_admin::client::Client;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::history::History;
use super::screen::{Look, draw};
use super::view::{Sample, View};
use super::{INTERVALS, sample};
use crate::failure::Failure;
use crate::time;

/// The terminal while it is ours.
struct Taken(Terminal<CrosstermBackend<Stdout>>);

impl Taken {
    fn take() -> Result<Self, Failure> {
        restore_on_panic();
        enable_raw_mode().map_err(unusable)?;
        let taken = execute!(io::stdout(), EnterAlternateScreen)
            .and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
        match taken {
            Ok(terminal) => Ok(Self(terminal)),
            Err(error) => {
                restore();
                Err(unusable(error))
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let _ = self.0.show_cursor();
        restore();
    }
}

/// Nobody is left to be told when it fails.
fn restore() {
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), LeaveAlternateScreen, crossterm::cursor::Show);
}

/// A panic's words would vanish with the screen they are written on.
fn restore_on_panic() {
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        restore();
        told(panic);
    }));
}

fn unusable(error: io::Error) -> Failure {
    Failure::Refused(format!("this terminal cannot be used: {error}"))
}

/// What goes on until it ends.
struct Watch<'a> {
    daemon: &'a Client,
    before: Sample,
    view: View,
    history: History,
    look: Look,
    interval: Duration,
}

/// What an event comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Then {
    End,
    Draw,
    Restart,
}

/// Shows a daemon until somebody has seen enough.
pub(super) async fn watch(
    daemon: &Client,
    first: Sample,
    interval: Duration,
) -> Result<(), Failure> {
    let signals = [SignalKind::terminate(), SignalKind::hangup()];
    let [terminate, hangup] = signals.map(signal);
    let mut ends = [terminate.map_err(unusable)?, hangup.map_err(unusable)?];
    let mut terminal = Taken::take()?;
    let mut watch = Watch {
        daemon,
        view: View::between(&first, &first),
        before: first,
        history: History::default(),
        look: Look {
            paused: false,
            scrolled: 0,
            interval: shown(interval),
            trouble: None,
        },
        interval,
    };
    watch.run(&mut terminal, &mut ends).await
}

impl Watch<'_> {
    async fn run(&mut self, terminal: &mut Taken, ends: &mut [Signal; 2]) -> Result<(), Failure> {
        let mut events = EventStream::new();
        let mut ticks = ticks(self.interval);
        let [terminate, hangup] = ends;
        loop {
            self.draw(terminal)?;
            tokio::select! {
                _ = ticks.tick(), if !self.look.paused => self.look_again().await,
                event = events.next() => {
                    let Some(event) = event else {
                        return Ok(());
                    };
                    match self.event(&event.map_err(unusable)?) {
                        Then::End => return Ok(()),
                        Then::Draw => {}
                        Then::Restart => ticks = self::ticks(self.interval),
                    }
                }
                _ = terminate.recv() => return Ok(()),
                _ = hangup.recv() => return Ok(()),
            }
        }
    }

    fn draw(&self, terminal: &mut Taken) -> Result<(), Failure> {
        let drawn = terminal
            .0
            .draw(|frame| draw(frame, &self.view, &self.history, &self.look));
        drawn.map(drop).map_err(unusable)
    }

    /// A daemon that is gone may come back: what was seen last stays, with the reason.
    async fn look_again(&mut self) {
        match sample(self.daemon).await {
            Ok(now) => {
                self.view = View::between(&self.before, &now);
                self.history.add(&self.view);
                self.before = now;
                self.look.trouble = None;
            }
            Err(failure) => self.look.trouble = Some(failure.to_string()),
        }
    }

    fn event(&mut self, event: &Event) -> Then {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(*key),
            _ => Then::Draw,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Then {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Then::End,
            KeyCode::Char('c' | 'd') if control => return Then::End,
            KeyCode::Char('p' | ' ') => self.look.paused = !self.look.paused,
            KeyCode::Up => self.look.scrolled = self.look.scrolled.saturating_sub(1),
            KeyCode::Down => {
                let last = self.view.workers.len().saturating_sub(1);
                self.look.scrolled = (self.look.scrolled + 1).min(last);
            }
            KeyCode::Left => return self.every(self.interval / 2),
            KeyCode::Right => return self.every(self.interval * 2),
            _ => {}
        }
        Then::Draw
    }

    fn every(&mut self, interval: Duration) -> Then {
        self.interval = interval.clamp(INTERVALS.0, INTERVALS.1);
        self.look.interval = shown(self.interval);
        Then::Restart
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}

fn shown(interval: Duration) -> String {
    time::span(interval.as_secs_f64())
}

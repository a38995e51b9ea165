//! `relayctl sogs filter`.

use relay_sogs::admin::paths;
use relay_sogs::admin::types::{Filter, FilterTest, FilterVerdict};

use super::{Context, Outcome, Verdict};
use crate::cli::sogs as cli;
use crate::output::table;

pub(super) async fn run(command: cli::Filter, context: &Context) -> Outcome {
    match command {
        cli::Filter::Show => show(context).await,
        cli::Filter::Test { text, room, name } => {
            let test = FilterTest { room, text, name };
            try_out(&test, context).await
        }
    }
}

async fn show(context: &Context) -> Outcome {
    let filters: Vec<Filter> = context.daemon()?.get(paths::FILTER).await?;
    let header = [
        "ROOM",
        "ALPHABETS",
        "SILENT",
        "WORDS",
        "SILENT",
        "MODERATORS TOO",
    ];
    let text = || table(header, filters.iter().map(row));
    context.output.answer(&filters, text)?;
    Ok(Verdict::Good)
}

fn row(filter: &Filter) -> [String; 6] {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let alphabets = filter.alphabets.join(", ");
    [
        filter
            .room
            .clone()
            .unwrap_or_else(|| "(all others)".to_owned()),
        if alphabets.is_empty() {
            "none".to_owned()
        } else {
            alphabets
        },
        yes(filter.alphabet_silent),
        yes(filter.profanity),
        yes(filter.profanity_silent),
        yes(filter.filter_moderators),
    ]
}

async fn try_out(tried: &FilterTest, context: &Context) -> Outcome {
    let verdict: FilterVerdict = context.daemon()?.post(paths::FILTER, tried).await?;
    let text = || match (verdict.verdict.as_str(), &verdict.found) {
        ("hide", Some(found)) => format!("it would be hidden, for its {found}"),
        ("reject", Some(found)) => format!("it would be refused, for its {found}"),
        _ => "it would be posted".to_owned(),
    };
    context.output.answer(&verdict, text)?;
    Ok(Verdict::good_if(verdict.found.is_none()))
}

//! See usage.txt.

#[cfg(target_os = "linux")]
mod args;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use args::Run;
    use loadgen::mode::{accept, broadcast, echo, feed, idle};

    let run = match args::parse(lexopt::Parser::from_env()) {
        Ok(run) => run,
        Err(problem) => {
            eprintln!("loadgen: {problem} (see loadgen --help)");
            return 2.into();
        }
    };
    let report = match &run {
        Run::Echo(load, span) => echo::run(load, *span),
        Run::Broadcast(load, span) => broadcast::run(load, *span),
        Run::Accept(load, span) => accept::run(load, *span),
        Run::Idle(load) => idle::run(load),
        Run::Feed(load, span) => feed::run(load, *span),
        Run::Help => {
            print!("{}", args::USAGE);
            return 0.into();
        }
    };
    match report {
        Ok(report) => {
            // Measured on demand, everything has been reported.
            if !report.is_empty() {
                println!("{}", serde_json::Value::Object(report));
            }
            0.into()
        }
        Err(failure) => {
            eprintln!("loadgen: {failure}");
            1.into()
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("loadgen needs Linux: it uses epoll and /proc");
    2.into()
}

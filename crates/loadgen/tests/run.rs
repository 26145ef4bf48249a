//! The program against servers that answer rightly and wrongly.

#![cfg(target_os = "linux")]

mod server;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use server::{Behaviour, start};

fn loadgen(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command.args(arguments.split(' '));
    command
}

fn run(behaviour: Behaviour, arguments: &str) -> Output {
    let port = start(behaviour);
    let own = std::process::id();
    loadgen(&format!(
        "--port {port} --pid {own} --warm-up 0.1 --seconds 0.3 {arguments}"
    ))
    .output()
    .unwrap()
}

fn report(output: Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn failure(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn is_positive(report: &Value, pointer: &str) {
    assert!(
        report
            .pointer(pointer)
            .and_then(Value::as_f64)
            .is_some_and(|value| value > 0.0),
        "{pointer} of {report}"
    );
}

#[test]
fn echo_reports_rate_latency_cpu_and_memory() {
    let report = report(run(Behaviour::Echo, "echo --connections 4 --in-flight 3"));
    for pointer in [
        "/messages_per_second",
        "/megabytes_per_second",
        "/latency_us/p50",
        "/latency_us/p99.9",
        "/process/cpu_us_per_message",
        "/process/resident_bytes",
    ] {
        is_positive(&report, pointer);
    }
}

#[test]
fn echo_works_at_every_size_and_in_both_types() {
    for size in [0, 1, 7, 8, 125, 126, 65535, 65536, 1 << 20] {
        for text in ["", " --text", " --write-each"] {
            let arguments = format!("echo --connections 2 --in-flight 2 --size {size}{text}");
            is_positive(&report(run(Behaviour::Echo, &arguments)), "/messages");
        }
    }
}

#[test]
fn fragments_are_one_message_and_pings_are_answered_between_them() {
    is_positive(
        &report(run(Behaviour::Fragments, "echo --connections 2 --size 300")),
        "/messages",
    );
    is_positive(
        &report(run(
            Behaviour::Fragments,
            "echo --connections 2 --in-flight 4 --size 0",
        )),
        "/messages",
    );
}

#[test]
fn compressed_echoes_are_inflated_and_compared() {
    let report = report(run(
        Behaviour::Echo,
        "echo --connections 2 --size 512 --deflate --verify 2",
    ));
    is_positive(&report, "/messages");
    assert_eq!(report["compressed_share"], 1.0);
    let message = failure(run(
        Behaviour::FlipsABit,
        "echo --connections 2 --size 512 --deflate --verify 2",
    ));
    assert!(
        message.contains("does not") || message.contains("than expected"),
        "{message}"
    );
}

#[test]
fn a_server_that_keeps_its_context_against_the_offer_is_a_failure() {
    let message = failure(run(
        Behaviour::Echo,
        "echo --connections 2 --size 512 --deflate --no-context",
    ));
    assert!(message.contains("keeps its context"), "{message}");
}

#[test]
fn wrong_answers_end_the_run() {
    for (behaviour, sign) in [
        (Behaviour::FlipsABit, "has other bytes than expected"),
        (Behaviour::ChangesTheType, "has another type than expected"),
        (Behaviour::SendsTwice, "has other bytes than expected"),
        (Behaviour::Closes, "closed the connection: 1011 oops"),
    ] {
        let message = failure(run(behaviour, "echo --connections 2"));
        assert!(message.contains(sign), "{message}");
    }
}

#[test]
fn a_server_that_falls_silent_ends_the_run() {
    let message = failure(run(
        Behaviour::FallsSilent,
        "echo --connections 1 --warm-up 60 --patience 1",
    ));
    assert!(message.contains("owes an answer"), "{message}");
}

#[test]
fn a_broadcast_counts_what_every_connection_receives() {
    let report = report(run(
        Behaviour::Broadcast,
        "broadcast --connections 5 --messages 3 --size 128",
    ));
    assert_eq!(report["messages"].as_u64().unwrap() % (5 * 3), 0);
    is_positive(&report, "/messages");
}

#[test]
fn a_broadcast_that_does_not_reach_all_ends_the_run() {
    let message = failure(run(
        Behaviour::Echo,
        "broadcast --connections 5 --warm-up 60 --patience 1",
    ));
    assert!(message.contains("owes an answer"), "{message}");
}

#[test]
fn slow_readers_fall_behind_and_hold_nobody_up() {
    let arguments = "broadcast --connections 3 --messages 50 --size 1000 --slow 2 --slow-rate 1000";
    let report = report(run(Behaviour::Broadcast, arguments));
    is_positive(&report, "/messages");
    is_positive(&report, "/slow_readers_behind_messages");
}

#[test]
fn accept_counts_connections() {
    let report = report(run(Behaviour::Echo, "accept --connections 4"));
    is_positive(&report, "/connections");
    is_positive(&report, "/process/cpu_us_per_connection");
}

#[test]
fn idle_reports_memory_before_and_after_a_message() {
    let report = report(run(
        Behaviour::Echo,
        "idle --connections 50 --exchange --size 512 --deflate",
    ));
    is_positive(&report, "/resident_bytes");
    is_positive(&report, "/resident_bytes_after_message");
}

#[test]
fn feed_sends_bursts_and_checks_the_count() {
    for (short_by, status) in [(0, Some(0)), (1, Some(1))] {
        let mut child = loadgen("feed --size 100 --messages 10 --warm-up 0.1 --seconds 0.3")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("port ").unwrap().parse().unwrap();
        count_messages(port, short_by);
        assert_eq!(child.wait().unwrap().code(), status);
        let mut report = String::new();
        output.read_to_string(&mut report).unwrap();
        assert_eq!(
            report.contains("cpu_us_per_message"),
            status == Some(0),
            "{report}"
        );
    }
}

/// A run that measures on demand: its process, and a function that tells it something and returns the
/// line that it answers.
fn on_demand(arguments: &str) -> (Child, impl FnMut(&str) -> String) {
    let port = start(Behaviour::Echo);
    let own = std::process::id();
    let mut child = loadgen(&format!(
        "{arguments} --on-demand --spin --port {port} --pid {own}"
    ))
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let ask = move |command: &str| {
        writeln!(input, "{command}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line
    };
    (child, ask)
}

const PAUSE: Duration = Duration::from_secs(2);

#[test]
fn on_demand_it_measures_when_told_and_stands_still_meanwhile() {
    for (arguments, counted) in [
        ("echo --connections 2", "/messages"),
        ("broadcast --connections 1", "/messages"),
        ("accept --connections 2", "/connections"),
    ] {
        let (mut child, mut ask) = on_demand(arguments);
        assert_eq!(ask("report"), "{}\n");
        assert_eq!(ask("measure 0.05 0.1"), "measured\n");
        std::thread::sleep(PAUSE);
        assert_eq!(ask("measure 0.05 0.1"), "measured\n");
        let report: Value = serde_json::from_str(&ask("report")).unwrap();
        is_positive(&report, counted);
        // With the pause both would be longer than that.
        let seconds = report["seconds"].as_f64().unwrap();
        assert!((0.2..PAUSE.as_secs_f64()).contains(&seconds), "{report}");
        let longest = report["latency_us"]["max"].as_f64().unwrap();
        assert!(longest < PAUSE.as_micros() as f64, "{report}");
        assert_eq!(ask("report"), "{}\n");
        // The end of its input.
        drop(ask);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_command_that_is_none_ends_the_run() {
    let port = start(Behaviour::Echo);
    let mut child = loadgen(&format!("echo --on-demand --port {port}"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "measure soon").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

/// A client as `feed` wants it; its answers are too low by `short_by`.
fn count_messages(port: u16, short_by: u64) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = "GET /?pid=PID HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream
        .write_all(
            request
                .replace("PID", &std::process::id().to_string())
                .as_bytes(),
        )
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(
        String::from_utf8(head)
            .unwrap()
            .contains("Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    let mut counted = 0;
    loop {
        let mut start = [0; 2];
        if stream.read_exact(&mut start).is_err() || start[0] == 0x88 {
            return;
        }
        let mut payload = vec![0; start[1].into()];
        stream.read_exact(&mut payload).unwrap();
        match start[0] {
            0x82 => counted += 1,
            _ => {
                let digits = (counted - short_by).to_string();
                // Masked with zeros, which leave the payload as it is.
                let mut answer = vec![0x81, 0x80 | digits.len() as u8, 0, 0, 0, 0];
                answer.extend(digits.bytes());
                if stream.write_all(&answer).is_err() {
                    return;
                }
            }
        }
    }
}

#[test]
fn options_that_make_no_sense_end_with_status_2() {
    for arguments in [
        "",
        "dance",
        "echo",
        "echo --port x",
        "echo --port 1 --sise 3",
        "idle --port 1",
        "echo --port 1 --in-flight 0",
    ] {
        assert_eq!(
            loadgen(arguments).output().unwrap().status.code(),
            Some(2),
            "{arguments}"
        );
    }
}

#[test]
fn a_server_that_is_not_there_is_a_failure() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let output = loadgen(&format!("echo --port {port}")).output().unwrap();
    assert!(failure(output).contains("cannot connect"));
}

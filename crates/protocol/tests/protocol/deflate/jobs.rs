use ferrows_protocol::{Compressors, Decompressors, InflateError};

use super::{DEFAULT, compress, context, in_miri, text};

#[test]
fn a_job_is_the_same_as_a_call() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    for takeover in [true, false] {
        let from = compressors.open(context(DEFAULT, takeover)).unwrap();
        let to = decompressors.open(15, takeover);
        for seed in 0..in_miri(1, 20) as u32 {
            let message = text(3000, seed);
            let mut job = compressors.start(from, &message, true, 0).unwrap();
            job.run();
            let data = compressors.finish(Some(from), job).unwrap();
            let mut job = decompressors.start(to, &data, true, 4000).unwrap().unwrap();
            job.run();
            assert_eq!(decompressors.finish(Some(to), job), Ok(message));
        }
    }
}

#[test]
fn what_a_job_used_stays_when_its_connection_has_gone() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    let from = compressors.open(context(DEFAULT, true)).unwrap();
    let to = decompressors.open(15, true);
    let data = compress(&mut compressors, from, &text(3000, 1), true);
    let mut deflating = compressors.start(from, b"data", true, 0).unwrap();
    let mut inflating = decompressors.start(to, &data, true, 4000).unwrap().unwrap();
    compressors.close(from);
    decompressors.close(to);
    // Another connection with the same number.
    let other = compressors.open(context(DEFAULT, true)).unwrap();
    assert_eq!(other, from);
    deflating.run();
    inflating.run();
    compressors.finish(None, deflating);
    decompressors.finish(None, inflating).unwrap();
    let stats = compressors.stats();
    assert_eq!((stats.full, stats.contexts), (1, 0));
    assert_eq!(decompressors.stats().inflaters, 1);
    assert_eq!(decompressors.stats().history_bytes, 0);
}

#[test]
fn a_job_that_was_not_run_has_no_result() {
    let mut compressors = Compressors::new(8);
    let mut decompressors = Decompressors::default();
    let from = compressors.open(context(DEFAULT, true)).unwrap();
    let to = decompressors.open(15, true);
    let job = compressors.start(from, b"data", true, 0).unwrap();
    assert_eq!(compressors.finish(Some(from), job), None);
    let job = decompressors.start(to, &[0], true, 10).unwrap().unwrap();
    assert_eq!(
        decompressors.finish(Some(to), job),
        Err(InflateError::NoMemory)
    );
}

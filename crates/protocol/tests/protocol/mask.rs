use ferrows_protocol::{mask, mask_append, mask_at, mask_copy};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::streams::config;

/// RFC 6455 §5.3, word by word.
fn naive(bytes: &[u8], key: [u8; 4], offset: u64) -> Vec<u8> {
    (bytes.iter().zip(offset..))
        .map(|(byte, i)| byte ^ key[(i % 4) as usize])
        .collect()
}

#[test]
fn every_length_at_every_alignment() {
    let (starts, lens) = if cfg!(miri) { (2, 50) } else { (9, 200) };
    let bytes: Vec<u8> = (0..=255).collect();
    let key = [0x12, 0x80, 0xff, 0x01];
    for start in 0..starts {
        for len in 0..lens {
            let source = &bytes[start..start + len];
            let expected = naive(source, key, 0);
            let mut masked = bytes.clone();
            mask(&mut masked[start..start + len], key);
            assert_eq!(masked[start..start + len], expected);
            // Nothing beside it was touched.
            assert_eq!(masked[..start], bytes[..start]);
            assert_eq!(masked[start + len..], bytes[start + len..]);

            let mut copy = vec![7; len + 1];
            mask_copy(&mut copy[..len], source, key);
            assert_eq!(copy[..len], expected);
            assert_eq!(copy[len], 7);
        }
    }
}

#[test]
fn a_copy_is_as_long_as_the_shorter_side() {
    let mut target = [9; 5];
    mask_copy(&mut target, &[1, 2, 3], [1, 1, 1, 1]);
    assert_eq!(target, [0, 3, 2, 9, 9]);
    mask_copy(&mut target[..1], &[4, 5], [0, 0, 0, 0]);
    assert_eq!(target, [4, 3, 2, 9, 9]);
}

#[test]
fn what_is_appended_may_be_longer_than_a_piece() {
    let source: Vec<u8> = (0..5_001).map(|i| i as u8).collect();
    let mut target = vec![1, 2, 3];
    mask_append(&mut target, &source, [5, 6, 7, 8]);
    assert_eq!(target[..3], [1, 2, 3]);
    assert_eq!(target[3..], naive(&source, [5, 6, 7, 8], 0));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn masking_at_any_offset_is_the_naive_xor(
        bytes in vec(any::<u8>(), 0..300),
        key: [u8; 4],
        offset in prop_oneof![0..10u64, any::<u32>().prop_map(u64::from), Just(u64::MAX - 400)],
    ) {
        let mut masked = bytes.clone();
        mask_at(&mut masked, key, offset);
        prop_assert_eq!(&masked, &naive(&bytes, key, offset));
        mask_at(&mut masked, key, offset);
        prop_assert_eq!(masked, bytes);
    }
}

use ferrows_protocol::Slots;

#[test]
fn a_value_is_found_by_its_number_until_it_is_removed() {
    let mut slots = Slots::default();
    let (a, b) = (slots.insert("a"), slots.insert("b"));
    assert_eq!((a, b), (0, 1));
    assert_eq!(slots.get_mut(a), Some(&mut "a"));
    assert_eq!(slots.remove(a), Some("a"));
    assert_eq!(slots.get_mut(a), None);
    assert_eq!(slots.remove(a), None);
    assert_eq!(slots.get_mut(b), Some(&mut "b"));
}

#[test]
fn a_number_is_given_again_once_for_each_removal() {
    let mut slots = Slots::default();
    let numbers: Vec<u32> = (0..3).map(|value| slots.insert(value)).collect();
    slots.remove(numbers[1]);
    slots.remove(numbers[1]);
    assert_eq!(slots.insert(10), numbers[1]);
    assert_eq!(slots.insert(11), 3);
    assert_eq!(slots.get_mut(numbers[1]), Some(&mut 10));
}

#[test]
fn a_number_that_was_never_given_has_no_value() {
    let mut slots = Slots::<()>::default();
    assert_eq!(slots.get_mut(0), None);
    assert_eq!(slots.remove(u32::MAX), None);
    assert_eq!(slots.insert(()), 0);
}

#[test]
fn values_are_counted_and_gone_through_without_the_gaps() {
    let mut slots = Slots::default();
    let [a, ..] = ["a", "b", "c"].map(|value| slots.insert(value));
    slots.remove(a);
    assert_eq!(slots.count(), 2);
    assert_eq!(slots.iter().collect::<Vec<_>>(), [&"b", &"c"]);
}

use ferrows_protocol::ErrorIndex;

#[test]
fn indices_count_from_zero() {
    for (index, error) in ErrorIndex::ALL.into_iter().enumerate() {
        assert_eq!(error as usize, index);
    }
}

#[test]
fn the_table_is_that_of_typescript() {
    let source = include_str!("../../../../src/endpoint/errors.ts");
    let start = source.find("export const ERRORS = [").unwrap();
    let end = start + source[start..].find("] as const").unwrap();
    // Each row is `entry('code', status, [frame +] 'message')`.
    let rows: Vec<_> = source[start..end].split("entry(").skip(1).collect();
    assert_eq!(rows.len(), ErrorIndex::ALL.len());
    for (row, index) in rows.iter().zip(ErrorIndex::ALL) {
        let quoted: Vec<_> = row.split('\'').skip(1).step_by(2).collect();
        let prefix = match row.contains("frame + ") {
            true => "Invalid WebSocket frame: ",
            false => "",
        };
        let entry = index.entry();
        assert_eq!(entry.code, quoted[0]);
        assert!(
            row.contains(&format!(" {},", entry.status))
                || row.contains(&format!("{},\n", entry.status))
        );
        assert_eq!(entry.message, format!("{prefix}{}", quoted[1]));
    }
    assert!(!ErrorIndex::InvalidUtf8.entry().range);
}

#[test]
fn the_number_stands_in_the_message() {
    let error = ErrorIndex::InvalidCloseCode.about(1005);
    let message = "Invalid WebSocket frame: invalid status code 1005";
    assert_eq!(error.to_string(), message);
}

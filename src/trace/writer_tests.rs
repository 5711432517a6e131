use super::*;

#[test]
fn names_of_runs_are_names() {
    for good in ["flip-flop", "flip-flop-2", "net 64", "ü", "a.b"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    let long = "x".repeat(201);
    for bad in [
        "",
        ".",
        "..",
        "../../x",
        "/abs",
        "a/b",
        "a\\b",
        ".hidden",
        "a\nb",
        "a\u{1b}[2J",
        &long,
    ] {
        assert!(check_name(bad).is_err(), "{bad}");
    }
}

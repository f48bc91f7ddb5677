use std::{fs, path::PathBuf};

use proptest::prelude::*;

use super::{number::write_double, *};

fn vectors(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(folder)
}

fn problem(bytes: &[u8]) -> ScanProblem {
    Json::parse(bytes).expect_err("must be refused").problem().clone()
}

fn double(value: f64) -> String {
    let mut out = Vec::new();
    write_double(value, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn rfc_8785_appendix_b_numbers_are_written_as_ecmascript_writes_them() {
    for (bits, text) in [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        assert_eq!(double(f64::from_bits(bits)), text, "{bits:x}");
    }
}

#[test]
fn the_ten_thousand_published_numbers_are_written_as_published() {
    let text = fs::read_to_string(vectors("jcs/es6-numbers-10000.txt")).unwrap();
    for line in text.lines() {
        let (bits, expected) = line.split_once(',').unwrap();
        let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        assert_eq!(double(value), expected, "{line}");
        // Whatever the profile lets in is written the same way, and read back as the same number.
        if let Ok(number) = Number::try_from(value) {
            assert_eq!(number.to_string(), expected, "{line}");
            assert_eq!(Json::parse(expected.as_bytes()), Ok(Json::Number(number)), "{line}");
        }
    }
    assert_eq!(text.lines().count(), 10_000);
}

#[test]
fn the_published_documents_have_their_published_canonical_form() {
    for name in ["arrays", "french", "structures", "unicode", "weird"] {
        let input = fs::read(vectors(&format!("jcs/input/{name}.json"))).unwrap();
        let output = fs::read(vectors(&format!("jcs/output/{name}.json"))).unwrap();
        assert_eq!(Json::parse(&input).unwrap().to_canonical(), output, "{name}");
    }
    // This one holds 1E30, an integral value beyond 2^53 − 1.
    let input = fs::read(vectors("jcs/input/values.json")).unwrap();
    assert!(matches!(problem(&input), ScanProblem::Number(_)));
}

#[test]
fn json_test_suite_files_are_accepted_or_refused_as_the_profile_says() {
    // Valid JSON that the profile refuses: numbers that a double does not hold or that are beyond 2^53 − 1, minus zero,
    // duplicate names, noncharacters.
    const REFUSED: [&str; 17] = [
        "y_number.json",
        "y_number_minus_zero.json",
        "y_number_negative_zero.json",
        "y_number_real_capital_e.json",
        "y_number_real_exponent.json",
        "y_number_real_fraction_exponent.json",
        "y_object_duplicated_key.json",
        "y_object_duplicated_key_and_value.json",
        "y_object_extreme_numbers.json",
        "y_string_escaped_noncharacter.json",
        "y_string_last_surrogates_1_and_2.json",
        "y_string_nonCharacterInUTF-8_U+10FFFF.json",
        "y_string_nonCharacterInUTF-8_U+FFFF.json",
        "y_string_unicode_U+10FFFE_nonchar.json",
        "y_string_unicode_U+1FFFE_nonchar.json",
        "y_string_unicode_U+FDD0_nonchar.json",
        "y_string_unicode_U+FFFE_nonchar.json",
    ];
    let mut counts = (0, 0);
    for entry in fs::read_dir(vectors("json-test-suite/test_parsing")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let accepted = Json::parse(&fs::read(&path).unwrap()).is_ok();
        assert_eq!(accepted, name.starts_with("y_") && !REFUSED.contains(&name.as_str()), "{name}");
        counts = (counts.0 + usize::from(accepted), counts.1 + 1);
    }
    assert_eq!(counts, (78, 318));
}

#[test]
fn what_would_let_two_payloads_share_a_hash_is_refused() {
    assert!(matches!(problem(br#"{"a":1,"a":1}"#), ScanProblem::Duplicate { .. }));
    assert!(matches!(problem(br#"{"a":1,"\u0061":2}"#), ScanProblem::Duplicate { .. }));
    for number in [
        "9007199254740993",
        "9007199254740992",
        "-9007199254740992",
        "1E20",
        "1e400",
        "123456789012345678901",
    ] {
        assert_eq!(
            problem(number.as_bytes()),
            ScanProblem::Number(NumberError::Unsafe),
            "{number}"
        );
    }
    for number in
        ["0.1000000000000000055", "333333333.33333329", "1e-400", "9007199254740991.5", "5e-325"]
    {
        assert_eq!(
            problem(number.as_bytes()),
            ScanProblem::Number(NumberError::Inexact),
            "{number}"
        );
    }
    for number in ["-0", "-0.0", "-0e7", "-0.00e-3"] {
        assert_eq!(
            problem(number.as_bytes()),
            ScanProblem::Number(NumberError::NegativeZero),
            "{number}"
        );
    }
}

#[test]
fn one_number_has_one_canonical_spelling_whatever_it_was_written_as() {
    for (number, canonical) in [
        ("9007199254740991", "9007199254740991"),
        ("9.007199254740991e15", "9007199254740991"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("10.50", "10.5"),
        ("1e-7", "1e-7"),
        ("0.00e9", "0"),
        ("0e99999999999999999999", "0"),
        ("0.000001", "0.000001"),
        ("0.1", "0.1"),
        ("-12.25E+1", "-122.5"),
    ] {
        assert_eq!(Json::parse(number.as_bytes()).unwrap().to_string(), canonical, "{number}");
    }
}

#[test]
fn text_that_readers_disagree_about_is_refused() {
    assert_eq!(problem(b"\xEF\xBB\xBF{}"), ScanProblem::ByteOrderMark);
    assert_eq!(problem(b"\"\xC0\x80\""), ScanProblem::Utf8);
    assert_eq!(problem(b"\"\xED\xA0\x80\""), ScanProblem::Utf8);
    for string in
        [r#""\ud800""#, r#""\ud800\ud800""#, r#""\udc00\ud800""#, r#""\udc00""#, r#""\ud800x""#]
    {
        assert_eq!(problem(string.as_bytes()), ScanProblem::LoneSurrogate, "{string}");
    }
    for string in
        [r#""\uffff""#, r#""\ufdd0""#, "\"\u{1FFFE}\"", r#"{"\ufffe":1}"#, r#""\ud83f\udffe""#]
    {
        assert!(matches!(problem(string.as_bytes()), ScanProblem::Noncharacter { .. }), "{string}");
    }
    for text in [
        "",
        " ",
        "{} {}",
        "[1,]",
        "{\"a\":1,}",
        "NaN",
        "+1",
        "01",
        "1.",
        ".5",
        "// x\n1",
        "\"\t\"",
        "'a'",
        "tru",
    ] {
        assert!(Json::parse(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(Json::parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(problem(&nested(MAX_DEPTH + 1)), ScanProblem::TooDeep);
    assert_eq!(problem(&vec![b'['; MAX_BYTES]), ScanProblem::TooDeep);
    assert_eq!(problem(&vec![b' '; MAX_BYTES + 1]), ScanProblem::TooLarge { max: MAX_BYTES });
    assert!(Json::parse_bounded(b"[1,2]", 5).is_ok());
    assert!(Json::parse_bounded(b"[1,2]", 4).is_err());
}

#[test]
fn a_value_built_in_memory_obeys_the_same_rules() {
    let mut deep = Json::Null;
    for _ in 0..MAX_DEPTH {
        deep = Json::Array(vec![deep]);
    }
    assert!(deep.within_profile().is_ok());
    assert!(Json::Array(vec![deep]).within_profile().is_err());
    assert!(Json::from("\u{FFFF}").within_profile().is_err());
    assert!(Json::from(Object::new().with("\u{FDD0}", 1)).within_profile().is_err());
    assert!(Json::from("x".repeat(MAX_BYTES)).within_profile().is_err());
    assert!(Json::try_from(&serde_json::json!(9_007_199_254_740_993_u64)).is_err());
    assert!(Json::try_from(&serde_json::json!(1e300)).is_err());
}

#[test]
fn an_error_says_where_and_what() {
    let error = Json::parse(br#"{"a": 1 "b": 2}"#).unwrap_err();
    assert_eq!(error.to_string(), "expected `,` or `}`, at byte 8");
    let error = Json::parse(br#"[1, {"x": 1, "x": 2}]"#).unwrap_err();
    assert_eq!(error.to_string(), r#"the member "x" stands twice in one object, at byte 4"#);
}

#[test]
fn names_are_ordered_by_utf16_code_units() {
    let json = Json::parse(
        "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f602}\":5,\"\u{80}\":6,\"\u{f6}\":7}".as_bytes(),
    )
    .unwrap();
    let names: Vec<&str> = json.as_object().unwrap().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f602}", "\u{fb33}"]);
}

#[test]
fn the_member_writer_writes_what_the_tree_would() {
    let mut writer = ObjectWriter::start(Vec::new());
    writer.integer("a", -12);
    writer.nested("b", |inner| inner.text("x", "\u{1}\"\\\n"));
    writer.texts("c", ["p", "q"].into_iter());
    writer.objects("d", [Object::new().with("k", true), Object::new()].into_iter());
    writer.plain("e", |out| out.extend_from_slice(b"plain"));
    let bytes = writer.finish();
    assert_eq!(Json::parse(&bytes).unwrap().to_canonical(), bytes);
}

/// What recognizing must say: the scan reads an object there, and the writer writes it again.
fn is_canonical(bytes: &[u8]) -> bool {
    Json::parse(bytes).is_ok_and(|json| json.as_object().is_some() && json.to_canonical() == bytes)
}

#[test]
fn what_departs_from_the_canonical_form_is_not_recognized() {
    for canonical in [
        "{}",
        r#"{"":[],"a":{"b":[0,-1,0.5,1e-7,123456789012345]},"c":9007199254740991}"#,
        r#"{"a\"":null,"b\\":true,"c":"\b\t\n\f\r\u0000\u000b\u001f\"\\"}"#,
        "{\"\\r\":1,\"1\":2,\"a\":0,\"aa\":0,\"\u{80}\":3,\"\u{20ac}\":4,\"\u{1f602}\":5,\"\u{fb33}\":6}",
    ] {
        assert!(is_canonical(canonical.as_bytes()), "{canonical}");
        assert!(Object::is_canonical(canonical.as_bytes(), 0), "{canonical}");
    }
    for other in [
        "",
        "[]",
        "null",
        "{",
        "{}}",
        "{} ",
        " {}",
        r#"{"a": 1}"#,
        r#"{"a":1,}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"b":1,"a":1}"#,
        r#"{"aa":1,"a":1}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":1.0}"#,
        r#"{"a":1e2}"#,
        r#"{"a":-0}"#,
        r#"{"a":01}"#,
        r#"{"a":-}"#,
        r#"{"a":9007199254740992}"#,
        r#"{"a":0.10}"#,
        r#"{"a":nul}"#,
        r#"{"a":"\/"}"#,
        r#"{"a":"\u0061"}"#,
        r#"{"a":"\u0008"}"#,
        r#"{"a":"\u001F"}"#,
        r#"{"a":"\u00e9"}"#,
        r#"{"\u0061":1}"#,
        r#"{"a\n":1,"a\n":1}"#,
        r#"{"b":1,"\n":1}"#,
        "{\"\u{fb33}\":1,\"\u{1f602}\":2}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\u{ffff}\"}",
        "\u{feff}{}",
    ] {
        assert!(!is_canonical(other.as_bytes()), "{other}");
        assert!(!Object::is_canonical(other.as_bytes(), 0), "{other}");
    }
    assert!(!Object::is_canonical(b"{\"a\":\"\xC0\x80\"}", 0));
}

#[test]
fn recognizing_bounds_depth_and_size_as_the_scan_does() {
    let nested = |depth: usize| {
        [b"{\"a\":".repeat(depth - 1), b"{}".to_vec(), b"}".repeat(depth - 1)].concat()
    };
    assert!(Object::is_canonical(&nested(MAX_DEPTH), 0));
    assert!(!Object::is_canonical(&nested(MAX_DEPTH + 1), 0));
    assert!(Object::is_canonical(&nested(MAX_DEPTH - 1), 1));
    assert!(!Object::is_canonical(&nested(MAX_DEPTH), 1));
    let list = [b"{\"a\":".as_slice(), &b"[".repeat(64), &b"]".repeat(64), b"}"].concat();
    assert!(!Object::is_canonical(&list, 0));
    let long = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8)).into_bytes();
    assert!(Object::is_canonical(&long(MAX_BYTES), 0));
    assert!(!Object::is_canonical(&long(MAX_BYTES + 1), 0));
}

/// Any value of the profile.
fn any_json() -> impl Strategy<Value = Json> {
    let text = proptest::string::string_regex("[a-z\"\\\\\n\u{e9}\u{20ac}\u{1f602}\u{fb33}]{0,6}")
        .unwrap()
        .boxed();
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991)
            .prop_map(|n| Json::Number(n.try_into().unwrap())),
        any::<f64>()
            .prop_filter_map("in the profile", |n| Number::try_from(n).ok().map(Json::Number)),
        (-1000_i32..1000, 1_u32..9).prop_map(|(n, d)| {
            Number::try_from(f64::from(n) / f64::from(10_i32.pow(d)))
                .map_or(Json::Null, Json::Number)
        }),
        text.clone().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            proptest::collection::vec((text.clone(), inner), 0..6).prop_map(|members| {
                let mut object = Object::new();
                for (name, value) in members {
                    object.insert(name, value);
                }
                Json::Object(object)
            }),
        ]
    })
}

/// Writes `json` loosely: members backwards, every character escaped, spaces in between.
fn loose(json: &Json) -> String {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => format!(" {json}\n"),
        Json::String(text) => {
            let escaped: String =
                text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            format!("\t\"{escaped}\" ")
        }
        Json::Array(items) => {
            format!("[ {} ]", items.iter().map(loose).collect::<Vec<_>>().join(" ,"))
        }
        Json::Object(object) => {
            let mut members: Vec<String> = object
                .iter()
                .map(|(name, value)| {
                    format!("{} : {}", loose(&Json::from(name)).trim(), loose(value))
                })
                .collect();
            members.reverse();
            format!("{{ {} }}", members.join(" , "))
        }
    }
}

proptest! {
    #[test]
    fn canonical_form_is_stable_under_reordering_and_reparsing(json in any_json()) {
        let canonical = json.to_canonical();
        prop_assert_eq!(&Json::parse(&canonical).unwrap(), &json);
        prop_assert_eq!(Json::parse(loose(&json).as_bytes()).unwrap().to_canonical(), canonical);
    }

    #[test]
    fn two_payloads_that_differ_never_share_a_hash(a in any_json(), b in any_json()) {
        let hash = |json: &Json| crate::Payload::from_json(json).unwrap().hash();
        prop_assert_eq!(a == b, hash(&a) == hash(&b));
    }

    #[test]
    fn the_canonical_form_is_the_one_of_an_independent_implementation(json in any_json()) {
        let theirs = serde_json_canonicalizer::to_vec(&serde_json::Value::from(&json)).unwrap();
        prop_assert_eq!(json.to_canonical(), theirs);
    }

    #[test]
    fn serde_json_reads_whatever_the_scan_accepts(bytes in "[\\[\\]{}:,\"a0-9eE.+\\-\\\\u \u{e9}]{0,24}") {
        if let Ok(json) = Json::parse(bytes.as_bytes()) {
            #[expect(clippy::disallowed_methods, reason = "the other reader is what the scan is compared with")]
            let theirs: serde_json::Value = serde_json::from_str(&bytes).unwrap();
            prop_assert_eq!(Json::try_from(&theirs).unwrap(), json);
        }
    }

    #[test]
    fn recognized_is_what_is_read_and_written_again(
        json in any_json(), at in any::<prop::sample::Index>(), byte in 0..128_u8, insert in any::<bool>(),
    ) {
        let object = Object::new().with("a", json.clone()).with("b", json);
        let mut bytes = Json::from(object).to_canonical();
        prop_assert!(Object::is_canonical(&bytes, 0));
        let at = at.index(bytes.len());
        match byte {
            0 => { bytes.remove(at); }
            byte if insert => bytes.insert(at, byte),
            byte => bytes[at] ^= byte,
        }
        prop_assert_eq!(Object::is_canonical(&bytes, 0), is_canonical(&bytes));
    }

    #[test]
    fn nothing_near_the_canonical_form_is_taken_for_it(
        text in r#"\{"[ab\\ntu01\u{e9}\u{ffff}]{0,6}":([\[\]0-9eE.+\-"\\u]{0,8}|\{\}),"[ab]{0,2}":1\}"#,
    ) {
        prop_assert_eq!(Object::is_canonical(text.as_bytes(), 0), is_canonical(text.as_bytes()));
    }

    #[test]
    fn no_bytes_make_the_scan_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        drop(Json::parse(&bytes));
    }
}

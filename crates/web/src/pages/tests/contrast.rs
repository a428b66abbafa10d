//! The colours of the style sheet can be told apart: WCAG 2.2, 1.4.3 and 1.4.11, not rounded.

use std::collections::BTreeMap;

/// Text on what it stands on.
const TEXT: [(&str, &[&str]); 8] = [
    ("ink", &["page", "surface", "sunken"]),
    ("ink-2", &["page", "surface", "sunken"]),
    ("on-ink", &["ink"]),
    ("surface", &["ink-2", "sev-1", "sev-2", "sev-3"]),
    ("sev-1", &["page", "surface", "sunken"]),
    ("sev-2", &["page", "surface"]),
    ("sev-3", &["page", "surface"]),
    ("ok", &["page", "surface"]),
];

/// Controls, marks and focus on what they stand on.
const PARTS: [(&str, &[&str]); 3] =
    [("edge", &["page", "surface"]), ("none", &["page", "surface"]), ("focus", &["page", "surface"])];

const APP: &str = include_str!("../../../assets/app.css");
const STATUS: &str = include_str!("../../../assets/status.css");

/// Every `--name: light-dark(#light, #dark)` of a style sheet, as (light, dark).
fn tokens(css: &'static str) -> BTreeMap<&'static str, [[f64; 3]; 2]> {
    let declared = css.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": light-dark("));
    declared
        .map(|(name, value)| {
            let (light, dark) = value.trim_end_matches(");").split_once(", ").unwrap();
            (name, [colour(light), colour(dark)])
        })
        .collect()
}

fn colour(hex: &str) -> [f64; 3] {
    let digits = hex.strip_prefix('#').unwrap();
    assert_eq!(digits.len(), 6, "{hex}");
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let [r, g, b] = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn ratio(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn ratios_are_those_of_the_standard() {
    assert!((ratio(colour("#000000"), colour("#ffffff")) - 21.0).abs() < 1e-9);
    assert!((ratio(colour("#777777"), colour("#ffffff")) - 4.478).abs() < 1e-3);
}

#[test]
fn every_pair_can_be_read() {
    let tokens = tokens(APP);
    let mut bad = Vec::new();
    for (pairs, least) in [(&TEXT[..], 4.5), (&PARTS[..], 3.0)] {
        for (front, backs) in pairs {
            for back in *backs {
                for (theme, name) in ["light", "dark"].into_iter().enumerate() {
                    let ratio = ratio(tokens[front][theme], tokens[back][theme]);
                    if ratio < least {
                        bad.push(format!("{front} on {back}, {name}: {ratio:.2} < {least}"));
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn the_status_page_has_the_same_colours() {
    let app = tokens(APP);
    for (name, colour) in tokens(STATUS) {
        assert_eq!(Some(&colour), app.get(name), "{name}");
    }
}

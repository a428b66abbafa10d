//! Instants and lengths of the journal's JSON, read a second time without the calendar.

/// Microseconds since 1970 of an instant such as `2026-11-23T09:59:58.5Z`.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.split(':');
    let (hour, minute) = (time.next()?.parse::<i64>().ok()?, time.next()?.parse::<i64>().ok()?);
    let second = micros(time.next()?)?;
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute;
    Some(minutes * 60_000_000 + second)
}

/// Microseconds of a length such as `PT1H30M` or `-PT0.5S`.
pub(crate) fn length(text: &str) -> Option<i64> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(-length(rest)?);
    }
    let mut total = 0;
    let mut number = String::new();
    for letter in text.strip_prefix("PT")?.chars() {
        let unit = match letter {
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => {
                number.push(letter);
                continue;
            }
        };
        total += micros(&std::mem::take(&mut number))? * unit;
    }
    number.is_empty().then_some(total)
}

/// Millionths of a decimal number.
fn micros(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    Some(whole.parse::<i64>().ok()? * 1_000_000 + part.parse::<i64>().ok()?)
}

/// Days since 1970: years, then their leap days, then the days of the months before.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let before: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months = usize::try_from(month - 1).unwrap_or(0).min(11);
    before + lengths[..months].iter().sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_lengths_are_read_to_the_microsecond() {
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(instant("2024-02-29T12:00:00.000001Z"), Some(1_709_208_000_000_001));
        assert_eq!(length("PT1H30M"), Some(5_400_000_000));
        assert_eq!(length("PT10M0.25S"), Some(600_250_000));
        assert_eq!(length("-PT1S"), Some(-1_000_000));
        assert_eq!((length("P1D"), instant("2024-02-29")), (None, None));
    }
}

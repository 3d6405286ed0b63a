//! When a cron job fires. Not here: claiming and starting what is due (`plane::jobs::tasks`).
//!
//! croner reads the expression and knows which days match; the wall clock is walked here, because
//! croner's behaviour at a change of the clock is not our rule (design, "Schedules").

use std::sync::LazyLock;

use croner::parser::{CronParser, Seconds, Year};
use croner::{CronPattern, Weekday};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

use crate::error::Violation;

/// How long an expression may be, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 256;

/// How far ahead a match is looked for. A month is told from another only by its length and the
/// weekday it starts on; February with 29 days and a given first day comes back within 28 years, or
/// 40 around a century without a leap day. What does not match in that time never does.
const HORIZON_YEARS: i16 = 41;

/// The database compiled into the binary and not the machine's: the same answer everywhere, also
/// where there is none, and no file is read here.
static TIME_ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A cron expression in a time zone, parsed once.
///
/// # Expressions
///
/// Five columns (minute, hour, day of month, month, weekday) or six, of which the **first** is then
/// the second. Names (`JAN`, `FRI`), ranges, lists and steps; `L` (last day), `15W` (weekday nearest
/// to the 15th), `5L` or `FRI#L` (last Friday), `FRI#2` (second Friday). When both day columns are
/// given, a day matches that matches either, or both if the weekday column starts with `+`.
/// `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`.
///
/// # Changes of the clock
///
/// The expression is matched against the clock on the wall:
/// - a local time that does not exist fires at the next existing minute, once, however many of the
///   expression's times were skipped, and together with a time that matches that minute itself;
/// - a local time that exists twice fires once, the first time.
///
/// This holds for every expression, also those that step: `0 * * * *` does not fire in the second
/// pass of a repeated hour, so in autumn there are two hours between two fires (and `*/15 * * * *`
/// pauses for an hour). Who wants every hour of the day regardless of the wall takes `UTC`.
#[derive(Debug, Clone, PartialEq)]
pub struct CronSpec {
    expression: String,
    time_zone: String,
    zone: TimeZone,
    seconds: Mask,
    minutes: Mask,
    hours: Mask,
    months: Mask,
    days: CronPattern,
}

impl CronSpec {
    /// Reads an expression and the IANA name of a time zone; says everything that is wrong with the
    /// fields `cron_schedule` and `cron_timezone`.
    pub fn parse(expression: &str, time_zone: &str) -> Result<Self, Vec<Violation>> {
        match (parse_expression(expression), find_zone(time_zone)) {
            (Ok(pattern), Ok(zone)) => Ok(Self::new(expression, time_zone, pattern, zone)),
            (pattern, zone) => Err([pattern.err(), zone.err()].into_iter().flatten().collect()),
        }
    }

    fn new(expression: &str, time_zone: &str, pattern: CronPattern, zone: TimeZone) -> Self {
        Self {
            expression: expression.to_owned(),
            time_zone: time_zone.to_owned(),
            zone,
            seconds: Mask::of(&pattern.seconds.values()),
            minutes: Mask::of(&pattern.minutes.values()),
            hours: Mask::of(&pattern.hours.values()),
            months: Mask::of(&pattern.months.values()),
            days: pattern,
        }
    }

    /// The expression as it was given.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The name of the time zone as it was given.
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// The first fire after an instant; `None` only at the end of the calendar (year 9999).
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = self.first_match(self.first_unseen(after)?)?;
        let at = self.instant(local)?;
        // Guards the promise below against a time zone whose data break the rules of this walk.
        debug_assert!(at > after, "{at} is not after {after}");
        (at > after).then_some(at)
    }

    /// The next `n` fires after an instant, strictly increasing.
    pub fn upcoming(&self, after: Timestamp, n: usize) -> Vec<Timestamp> {
        let next = |last: &Timestamp| self.next_after(*last);
        std::iter::successors(self.next_after(after), next).take(n).collect()
    }

    /// An instant as the wall clock of the time zone shows it: `2026-07-01T09:00:00+02:00`.
    pub fn local_time(&self, at: Timestamp) -> String {
        let offset = self.zone.to_offset(at);
        at.display_with_offset(offset).to_string()
    }

    /// The first second of the wall clock that it had not shown at `after` or before.
    fn first_unseen(&self, after: Timestamp) -> Option<DateTime> {
        let now = self.zone.to_datetime(after);
        if let AmbiguousOffset::Fold { before, .. } = self.zone.to_ambiguous_timestamp(now).offset()
            && self.zone.to_offset(after) != before
        {
            // The second pass of a repeated stretch: all of it was seen in the first, to its end.
            let first_pass = before.to_timestamp(now).ok()?;
            return Some(before.to_datetime(self.next_change(first_pass, None)?));
        }
        now.with().subsec_nanosecond(0).build().ok()?.checked_add(1.second()).ok()
    }

    /// The first matching second of the wall clock, `from` included.
    fn first_match(&self, from: DateTime) -> Option<DateTime> {
        if self.matches_day(from.date())
            && let Some(time) = self.time_of_day(from.time())
        {
            return Some(from.date().to_datetime(time));
        }
        let horizon = from.year().saturating_add(HORIZON_YEARS);
        let first_time = self.time_of_day(Time::midnight())?;
        let mut date = from.date().tomorrow().ok()?;
        while date.year() <= horizon {
            if !self.months.has(date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if self.matches_day(date) {
                return Some(date.to_datetime(first_time));
            } else {
                date = date.tomorrow().ok()?;
            }
        }
        None
    }

    fn matches_day(&self, date: Date) -> bool {
        self.months.has(date.month()) && matches_day(&self.days, date)
    }

    /// The first matching time of a day, `from` included.
    fn time_of_day(&self, from: Time) -> Option<Time> {
        let hour = self.hours.next(from.hour())?;
        if hour > from.hour() {
            return self.time_of_hour(hour, 0, 0);
        }
        self.time_of_hour(hour, from.minute(), from.second())
            .or_else(|| self.time_of_hour(self.hours.next(hour + 1)?, 0, 0))
    }

    /// The first matching time of an hour, from a minute and second on.
    fn time_of_hour(&self, hour: i8, from_minute: i8, from_second: i8) -> Option<Time> {
        let minute = self.minutes.next(from_minute)?;
        let from_second = if minute > from_minute { 0 } else { from_second };
        let (minute, second) = match self.seconds.next(from_second) {
            Some(second) => (minute, second),
            None => (self.minutes.next(minute + 1)?, self.seconds.next(0)?),
        };
        Time::new(hour, minute, second, 0).ok()
    }

    /// When a local time fires: the rule for changes of the clock.
    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the later offset, a skipped time lies just before the change.
                self.next_change(after.to_timestamp(local).ok()?, Some(after))
            }
        }
    }

    /// The next change of the clock after an instant, or the next to a given offset.
    fn next_change(&self, after: Timestamp, to: Option<Offset>) -> Option<Timestamp> {
        // Some entries of the database change only the name of the zone, hence not simply the first.
        let offset = self.zone.to_offset(after);
        let wanted = |new: Offset| to.map_or(new != offset, |to| new == to);
        let mut changes = self.zone.following(after).take(4);
        changes.find(|change| wanted(change.offset())).map(|change| change.timestamp())
    }
}

/// Checks the name of a time zone where there is no expression to go with it.
pub fn check_time_zone(name: &str) -> Result<(), Violation> {
    find_zone(name).map(|_| ())
}

fn find_zone(name: &str) -> Result<TimeZone, Violation> {
    // `Etc/Unknown` is jiff's own word for "no idea".
    TIME_ZONES.get(name).ok().filter(|zone| !zone.is_unknown()).ok_or_else(|| {
        let message = format!(
            "`{}` is not a known time zone; give an IANA name such as `Europe/Berlin` or `UTC`",
            shortened(name)
        );
        Violation::body("cron_timezone", "value_error", message)
    })
}

fn parse_expression(expression: &str) -> Result<CronPattern, Violation> {
    read_expression(expression)
        .map_err(|(kind, message)| Violation::body("cron_schedule", kind, message))
}

fn read_expression(expression: &str) -> Result<CronPattern, (&'static str, String)> {
    if expression.len() > MAX_EXPRESSION_BYTES {
        let message = format!("A cron expression should have at most {MAX_EXPRESSION_BYTES} bytes");
        return Err(("string_too_long", message));
    }
    let invalid = |why: String| {
        let shown = shortened(expression);
        ("value_error", format!("`{shown}` is not a cron expression: {why}"))
    };
    let columns = columns(expression).map_err(invalid)?;
    check_names(&columns).map_err(invalid)?;
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        // `0/15` as other schedulers, and the reference, read it.
        .sloppy_ranges(true)
        .build();
    let pattern = parser.parse(&columns.join(" ")).map_err(|e| invalid(e.to_string()))?.pattern;
    if !can_fire(&pattern) {
        let why = "it never fires, no date has such a day, month and weekday".to_owned();
        return Err(invalid(why));
    }
    Ok(pattern)
}

/// The columns of an expression in upper case, its alias written out.
fn columns(expression: &str) -> Result<Vec<String>, String> {
    let upper = expression.trim().to_ascii_uppercase();
    let written_out = match upper.as_str() {
        "@YEARLY" | "@ANNUALLY" => "0 0 1 1 *",
        "@MONTHLY" => "0 0 1 * *",
        "@WEEKLY" => "0 0 * * 0",
        "@DAILY" | "@MIDNIGHT" => "0 0 * * *",
        "@HOURLY" => "0 * * * *",
        alias if alias.starts_with('@') => {
            return Err(
                "the aliases are `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly`".into()
            );
        }
        other => other,
    };
    let columns: Vec<_> = written_out.split_whitespace().map(str::to_owned).collect();
    match columns.len() {
        5 | 6 => Ok(columns),
        n => Err(format!(
            "it has {n} columns instead of five (minute, hour, day, month, weekday), as in \
             `0 9 * * MON-FRI`, or six with seconds first"
        )),
    }
}

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// croner replaces names by numbers wherever they stand, and so would read `JANFEB` as December and
/// take `JAN` for an hour.
fn check_names(columns: &[String]) -> Result<(), String> {
    for (column, place) in columns.iter().rev().zip(["weekday", "month", "day", "hour", "minute"]) {
        let items = column.split(|c: char| !c.is_ascii_alphanumeric());
        for item in items.filter(|item| item.contains(|c: char| c.is_ascii_alphabetic())) {
            let known = match place {
                "weekday" => is_weekday(item),
                "month" => MONTHS.contains(&item),
                "day" => matches!(item, "L" | "LW") || is_number(item.strip_suffix('W')),
                _ => false,
            };
            if !known {
                return Err(format!("`{item}` cannot stand in the {place} column"));
            }
        }
    }
    Ok(())
}

/// A name, `L` after `#`, or the last of a weekday: `5L`, `FRIL`.
fn is_weekday(item: &str) -> bool {
    let day = item.strip_suffix('L').unwrap_or(item);
    item == "L" || DAYS.contains(&day) || is_number(Some(day))
}

fn is_number(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether any second of any day matches. Tried on a stretch in which the calendar shows all it can.
fn can_fire(pattern: &CronPattern) -> bool {
    let times = [&pattern.seconds, &pattern.minutes, &pattern.hours];
    let months = Mask::of(&pattern.months.values());
    let start = jiff::civil::date(2000, 1, 1);
    times.iter().all(|component| !component.values().is_empty())
        && std::iter::successors(Some(start), |date| date.tomorrow().ok())
            .take_while(|date| date.year() < start.year() + HORIZON_YEARS)
            .any(|date| months.has(date.month()) && matches_day(pattern, date))
}

fn matches_day(pattern: &CronPattern, date: Date) -> bool {
    let weekday = Weekday::from_days_from_sunday(date.weekday().to_sunday_zero_offset() as u32);
    let (year, month, day) = (i32::from(date.year()), date.month() as u32, date.day() as u32);
    // An error means a date that does not exist, which jiff does not make.
    pattern.day_match(year, month, day, weekday).unwrap_or(false)
}

/// What of a caller's text is repeated in a message.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 64;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A set of numbers below 64: the matching minutes of an hour, hours of a day, …
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mask(u64);

impl Mask {
    fn of(values: &[u16]) -> Self {
        Self(values.iter().filter(|value| **value < 64).fold(0, |bits, value| bits | 1 << value))
    }
    fn has(self, value: i8) -> bool {
        self.next(value) == Some(value)
    }
    /// The smallest member that is not below `from`.
    fn next(self, from: i8) -> Option<i8> {
        let rest = self.0.checked_shr(u32::try_from(from).ok()?)?;
        // At most 63 plus a shift of at most 63: a set bit is below 64.
        (rest != 0).then(|| from + rest.trailing_zeros() as i8)
    }
}

#[cfg(test)]
mod tests;

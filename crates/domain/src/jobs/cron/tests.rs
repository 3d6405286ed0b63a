use croner::Cron;
use jiff::Zoned;
use proptest::prelude::*;

use super::*;

fn spec(expression: &str, zone: &str) -> CronSpec {
    CronSpec::parse(expression, zone).unwrap_or_else(|e| panic!("{expression}: {e:?}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next `n` fires after a local time, as local times with their offset.
fn local_fires(expression: &str, zone: &str, after: &str, n: usize) -> Vec<String> {
    let after: Zoned = format!("{after}[{zone}]").parse().unwrap();
    let tz = TIME_ZONES.get(zone).unwrap();
    spec(expression, zone)
        .upcoming(after.timestamp(), n)
        .into_iter()
        .map(|fire| fire.to_zoned(tz.clone()).strftime("%m-%d %H:%M:%S%:z").to_string())
        .map(|text| text.replace(":00+", "+").replace(":00-", "-"))
        .collect()
}

fn refusal(expression: &str) -> String {
    let violations = CronSpec::parse(expression, "UTC").expect_err(expression);
    assert_eq!(violations[0].loc, ["body", "cron_schedule"]);
    violations[0].message.clone()
}

#[test]
fn plain_schedules() {
    let cases = [
        ("0 9 * * MON-FRI", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00Z"),
        ("*/15 * * * *", "2026-01-01T00:07:30.5Z", "2026-01-01T00:15:00Z"),
        ("0/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"),
        ("30 5 * * * *", "2026-01-01T00:05:30Z", "2026-01-01T01:05:30Z"),
        ("*/20 59 23 31 12 *", "2026-12-31T23:59:20Z", "2026-12-31T23:59:40Z"),
        ("@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("@Midnight", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("@hourly", "2026-01-01T00:59:59.999999999Z", "2026-01-01T01:00:00Z"),
        ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("@monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("@annually", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"),
        ("0 0 LW * *", "2026-02-01T00:00:00Z", "2026-02-27T00:00:00Z"),
        ("0 0 * * 5L", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"),
        ("0 0 * * fri#l", "2026-01-01T00:00:00Z", "2026-01-30T00:00:00Z"),
        ("0 0 * * FRI#2", "2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z"),
        // The 15th of February 2026 is a Sunday.
        ("0 0 15W * *", "2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z"),
        ("0 0 13 * FRI", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 13 * +FRI", "2026-01-01T00:00:00Z", "2026-02-13T00:00:00Z"),
        ("0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("0 0 1 jan,Jul *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 29 2 +MON", "2072-03-01T00:00:00Z", "2112-02-29T00:00:00Z"),
        ("0 0 1 1 *", "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z"),
    ];
    for (expression, after, next) in cases {
        assert_eq!(spec(expression, "UTC").next_after(at(after)), Some(at(next)), "{expression}");
    }
}

#[test]
fn the_end_of_the_calendar_is_no_fire() {
    assert_eq!(spec("0 0 1 1 *", "UTC").next_after(at("9999-06-01T00:00:00Z")), None);
    assert_eq!(spec("* * * * *", "Asia/Tokyo").next_after(Timestamp::MAX), None);
    assert!(spec("* * * * *", "Asia/Tokyo").next_after(Timestamp::MIN).is_some());
}

#[test]
fn berlin() {
    let spring = |expression, n| local_fires(expression, "Europe/Berlin", "2026-03-29T01:59", n);
    assert_eq!(spring("30 2 * * *", 2), ["03-29 03:00+02:00", "03-30 02:30+02:00"]);
    assert_eq!(spring("*/30 2 * * *", 2), ["03-29 03:00+02:00", "03-30 02:00+02:00"]);
    assert_eq!(spring("30 2,3 * * *", 2), ["03-29 03:00+02:00", "03-29 03:30+02:00"]);
    assert_eq!(spring("0 3 * * *", 2), ["03-29 03:00+02:00", "03-30 03:00+02:00"]);
    assert_eq!(spring("*/15 * * * *", 2), ["03-29 03:00+02:00", "03-29 03:15+02:00"]);
    assert_eq!(spring("59 59 2 * * *", 1), ["03-29 03:00+02:00"]);

    let autumn = |expression, n| local_fires(expression, "Europe/Berlin", "2026-10-25T01:59", n);
    assert_eq!(autumn("30 2 * * *", 2), ["10-25 02:30+02:00", "10-26 02:30+01:00"]);
    assert_eq!(
        autumn("*/30 2 * * *", 3),
        ["10-25 02:00+02:00", "10-25 02:30+02:00", "10-26 02:00+01:00"]
    );
    assert_eq!(autumn("30 2,3 * * *", 2), ["10-25 02:30+02:00", "10-25 03:30+01:00"]);
    assert_eq!(
        autumn("0 * * * *", 3),
        ["10-25 02:00+02:00", "10-25 03:00+01:00", "10-25 04:00+01:00"]
    );
}

#[test]
fn the_second_pass_of_an_hour_is_silent_wherever_one_looks_from() {
    let every_second = spec("* * * * * *", "Europe/Berlin");
    let three = at("2026-10-25T02:00:00Z");
    for after in ["2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z", "2026-10-25T01:59:59.9Z"] {
        assert_eq!(every_second.next_after(at(after)), Some(three), "{after}");
    }
}

#[test]
fn new_york() {
    let fires = |expression, after, n| local_fires(expression, "America/New_York", after, n);
    assert_eq!(
        fires("15 2 * * *", "2026-03-07T12:00", 2),
        ["03-08 03:00-04:00", "03-09 02:15-04:00"]
    );
    assert_eq!(
        fires("*/20 1 * * *", "2026-11-01T00:30", 4),
        ["11-01 01:00-04:00", "11-01 01:20-04:00", "11-01 01:40-04:00", "11-02 01:00-05:00"]
    );
}

#[test]
fn lord_howe_moves_by_half_an_hour() {
    let fires = |expression, after, n| local_fires(expression, "Australia/Lord_Howe", after, n);
    assert_eq!(
        fires("15 2 * * *", "2026-10-03T12:00", 2),
        ["10-04 02:30+11:00", "10-05 02:15+11:00"]
    );
    assert_eq!(
        fires("*/15 2 * * *", "2026-10-04T01:50", 2),
        ["10-04 02:30+11:00", "10-04 02:45+11:00"]
    );
    assert_eq!(
        fires("*/15 1 * * *", "2026-04-05T01:20", 3),
        ["04-05 01:30+11:00", "04-05 01:45+11:00", "04-06 01:00+10:30"]
    );
}

#[test]
fn apia_skipped_a_day() {
    let fires = |expression, n| local_fires(expression, "Pacific/Apia", "2011-12-29T13:00", n);
    assert_eq!(fires("0 12 * * *", 2), ["12-31 00:00+14:00", "12-31 12:00+14:00"]);
    assert_eq!(fires("0 */6 30 12 *", 1), ["12-31 00:00+14:00"]);
    assert_eq!(fires("0 0 31 12 *", 1), ["12-31 00:00+14:00"]);
}

#[test]
fn utc_has_no_surprises() {
    assert_eq!(
        local_fires("30 2 * * *", "UTC", "2026-03-29T02:00", 2),
        ["03-29 02:30+00:00", "03-30 02:30+00:00"]
    );
    let day = spec("0 * * * *", "UTC").upcoming(at("2026-10-24T23:30:00Z"), 24);
    assert!(day.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_secs() == 3600));
}

#[test]
fn an_instant_is_shown_on_the_wall_clock() {
    let shown = |zone, instant| spec("@daily", zone).local_time(at(instant));
    let berlin = "Europe/Berlin";
    assert_eq!(shown(berlin, "2026-07-01T07:00:00Z"), "2026-07-01T09:00:00+02:00");
    assert_eq!(shown(berlin, "2026-01-01T07:00:00Z"), "2026-01-01T08:00:00+01:00");
    assert_eq!(shown("UTC", "2026-01-01T07:00:00Z"), "2026-01-01T07:00:00+00:00");
}

#[test]
fn what_cannot_be_read_is_refused_with_a_reason() {
    let cases = [
        ("", "0 columns"),
        ("* * * *", "4 columns"),
        ("* * * * * * *", "7 columns"),
        ("@reboot", "aliases are"),
        ("60 * * * *", "60 * * * *"),
        ("*/0 * * * *", "zero"),
        ("0 JAN * * *", "`JAN` cannot stand in the hour column"),
        ("0 0 1 JANFEB *", "`JANFEB`"),
        ("0 0 * * 1MON", "`1MON`"),
        ("0 0 L-3 * *", "not a cron expression"),
        ("0 0 31 2 *", "never fires"),
        ("0 0 30 FEB *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        (", * * * *", "never fires"),
        ("é * * * *", "not a cron expression"),
    ];
    for (expression, reason) in cases {
        let message = refusal(expression);
        assert!(message.contains(reason), "{expression}: {message}");
    }
    assert!(refusal(&"1,".repeat(200)).contains("256 bytes"));
}

#[test]
fn an_unknown_time_zone_is_refused_with_an_example() {
    for name in ["Europe/Atlantis", "", "Etc/Unknown", "../UTC", "local"] {
        let violations = CronSpec::parse("* * * * *", name).expect_err(name);
        assert_eq!(violations[0].loc, ["body", "cron_timezone"]);
        assert!(violations[0].message.contains("Europe/Berlin"));
        assert!(check_time_zone(name).is_err());
    }
    for name in ["UTC", "Etc/UTC", "europe/berlin", "US/Eastern"] {
        assert_eq!(spec("* * * * *", name).time_zone(), name);
    }
    assert_eq!(CronSpec::parse("x", "y").unwrap_err().len(), 2);
}

/// Lives through a stretch minute by minute: at each, what the wall shows for the first time fires,
/// and with it what the wall skipped.
fn lived_through(expression: &str, zone: &str, from: Timestamp, days: i64) -> Vec<Timestamp> {
    let cron: Cron = expression.parse().unwrap();
    let tz = TIME_ZONES.get(zone).unwrap();
    let matches =
        |local: DateTime| cron.is_time_matching(&local.to_zoned(TimeZone::UTC).unwrap()).unwrap();
    let mut fires = Vec::new();
    // A day ahead, to know what a repeated hour has shown before.
    let mut now = from - 24.hours();
    let mut shown = tz.to_datetime(now);
    while now < from + (24 * days).hours() {
        now += 1.minute();
        let local = tz.to_datetime(now);
        let mut fired = false;
        while shown < local {
            shown += 1.minute();
            fired |= matches(shown);
        }
        if fired && now > from {
            fires.push(now);
        }
    }
    fires
}

fn expression() -> impl Strategy<Value = String> {
    let minute =
        prop_oneof!["[0-5]?[0-9]", "\\*/(5|15|20|30)", "[0-5],[1-5][0-9]", Just("*".into())];
    let hour = prop_oneof!["[0-4]", "\\*/[1-6]", "[0-2]-[3-5]", "1?[0-9]", Just("*".into())];
    let day = prop_oneof![4 => Just("*".to_owned()), 1 => "\\*/[2-3]", 1 => "(1|4|8|30|L)"];
    let weekday = prop_oneof![4 => Just("*".to_owned()), 1 => "(0|6|SAT-SUN|SUN#L|SUN#1)"];
    (minute, hour, day, weekday).prop_map(|(minute, hour, day, weekday)| {
        let weekday = weekday.replace("SAT-SUN", "SAT,SUN");
        format!("{minute} {hour} {day} * {weekday}")
    })
}

/// Noon before a change of the clock, or an ordinary day.
fn stretch() -> impl Strategy<Value = (&'static str, Timestamp)> {
    prop_oneof![
        Just(("Europe/Berlin", "2026-03-28T12:00:00Z")),
        Just(("Europe/Berlin", "2026-10-24T12:00:00Z")),
        Just(("America/New_York", "2026-03-07T12:00:00Z")),
        Just(("America/New_York", "2026-10-31T12:00:00Z")),
        Just(("Australia/Lord_Howe", "2026-04-04T00:00:00Z")),
        Just(("Australia/Lord_Howe", "2026-10-03T00:00:00Z")),
        Just(("Pacific/Apia", "2011-12-29T12:00:00Z")),
        Just(("Africa/Casablanca", "2026-02-14T12:00:00Z")),
        Just(("America/Sao_Paulo", "2018-11-03T12:00:00Z")),
        Just(("Asia/Kathmandu", "2026-05-01T00:00:00Z")),
        Just(("UTC", "2026-12-30T00:00:00Z")),
    ]
    .prop_map(|(zone, from)| (zone, at(from)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn fires_are_those_of_a_life_before_the_wall(
        expression in expression(), (zone, from) in stretch(), offset in 0..1440_i64
    ) {
        let from = from + offset.minutes();
        let expected = lived_through(&expression, zone, from, 2);
        let found = spec(&expression, zone).upcoming(from, expected.len());
        prop_assert_eq!(&found, &expected);
    }

    #[test]
    fn the_next_fire_is_later_and_none_is_between(
        expression in expression(), (zone, from) in stretch(), offset in 0..172_800_000_i64
    ) {
        let spec = spec(&expression, zone);
        let after = from + offset.milliseconds();
        let next = spec.next_after(after).unwrap();
        prop_assert!(next > after);
        // From any instant before the fire, however close, it is the same fire.
        prop_assert_eq!(spec.next_after(next - 1.nanosecond()), Some(next));
        let between = after + (next.duration_since(after) / 2);
        prop_assert_eq!(spec.next_after(between.min(next - 1.nanosecond())), Some(next));
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[-0-9*/,#@LW?+ A-Za-zé]{0,40}", zone in ".{0,20}") {
        if let Ok(spec) = CronSpec::parse(&text, &zone) {
            prop_assert!(spec.next_after(Timestamp::UNIX_EPOCH).is_some());
        }
        if let Ok(spec) = CronSpec::parse(&text, "Europe/Berlin") {
            prop_assert!(spec.next_after(Timestamp::UNIX_EPOCH).is_some());
        }
    }
}

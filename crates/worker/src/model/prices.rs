//! What tokens cost. List prices of the providers' own platforms; discounts, batch prices and the
//! surcharge for writing to a cache are not known here.

use drover_domain::activities::{Cost, Usage};

use super::OFFLINE_MODEL;

/// The version of the table, recorded with every cost. Changes whenever a price does.
pub const PRICE_VERSION: &str = "2026-11";

/// Prices of a family of models, in billionths of a US dollar per token: 1000 is one dollar per
/// million tokens.
struct Price {
    family: &'static str,
    input: u64,
    cached: u64,
    output: u64,
}

const fn price(family: &'static str, input: u64, cached: u64, output: u64) -> Price {
    Price { family, input, cached, output }
}

#[rustfmt::skip]
static PRICES: &[Price] = &[
    price("claude-3-5-haiku",     800,     80,   4_000),
    price("claude-3-5-sonnet",  3_000,    300,  15_000),
    price("claude-3-7-sonnet",  3_000,    300,  15_000),
    price("claude-3-haiku",       250,     30,   1_250),
    price("claude-3-opus",     15_000,  1_500,  75_000),
    price("claude-haiku-4-5",   1_000,    100,   5_000),
    price("claude-opus-4",     15_000,  1_500,  75_000),
    price("claude-opus-4-0",   15_000,  1_500,  75_000),
    price("claude-opus-4-1",   15_000,  1_500,  75_000),
    price("claude-opus-4-5",    5_000,    500,  25_000),
    price("claude-sonnet-4",    3_000,    300,  15_000),
    price("claude-sonnet-4-0",  3_000,    300,  15_000),
    price("claude-sonnet-4-5",  3_000,    300,  15_000),
    price("gpt-3.5-turbo",        500,    500,   1_500),
    price("gpt-4",             30_000, 30_000,  60_000),
    price("gpt-4-turbo",       10_000, 10_000,  30_000),
    price("gpt-4.1",            2_000,    500,   8_000),
    price("gpt-4.1-mini",         400,    100,   1_600),
    price("gpt-4.1-nano",         100,     25,     400),
    price("gpt-4o",             2_500,  1_250,  10_000),
    price("gpt-4o-mini",          150,     75,     600),
    price("gpt-5",              1_250,    125,  10_000),
    price("gpt-5-mini",           250,     25,   2_000),
    price("gpt-5-nano",            50,      5,     400),
    price("gpt-5-pro",         15_000, 15_000, 120_000),
    price("gpt-5.1",            1_250,    125,  10_000),
    price("o1",                15_000,  7_500,  60_000),
    price("o1-mini",            1_100,    550,   4_400),
    price("o1-pro",           150_000,150_000, 600_000),
    price("o3",                 2_000,    500,   8_000),
    price("o3-mini",            1_100,    550,   4_400),
    price("o3-pro",            20_000, 20_000,  80_000),
    price("o4-mini",            1_100,    275,   4_400),
];

/// The cost of a call; `None` where the price of the model is not known.
///
/// Rounded up to a millionth of a dollar, so that nothing that costs is ever free. Numbers too
/// large to be true give the largest cost instead of a wrong one.
pub fn cost(model: &str, usage: &Usage) -> Option<Cost> {
    let micro_usd = match model {
        OFFLINE_MODEL => 0,
        _ => micro_usd(find(model)?, usage),
    };
    Some(Cost { micro_usd, price_version: PRICE_VERSION.to_owned() })
}

fn micro_usd(price: &Price, usage: &Usage) -> u64 {
    let cached = usage.cached.min(usage.input);
    let parts =
        [(usage.input - cached, price.input), (cached, price.cached), (usage.output, price.output)];
    let nano_usd = parts
        .iter()
        .fold(0_u64, |sum, (tokens, price)| sum.saturating_add(tokens.saturating_mul(*price)));
    nano_usd.div_ceil(1000)
}

/// The row of a model: its own name, or its family's followed by a date or `latest`. A name such as
/// `gpt-5-ultra` is a model we do not know, not a kind of `gpt-5`.
fn find(model: &str) -> Option<&'static Price> {
    let model = ["openai/", "anthropic/"]
        .iter()
        .find_map(|prefix| model.strip_prefix(prefix))
        .unwrap_or(model);
    PRICES
        .iter()
        .filter(|price| model.strip_prefix(price.family).is_some_and(is_version))
        .max_by_key(|price| price.family.len())
}

fn is_version(rest: &str) -> bool {
    let Some(version) = rest.strip_prefix(['-', '@']) else {
        return rest.is_empty();
    };
    let digits = version.bytes().take_while(u8::is_ascii_digit).count();
    let is_date = version.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    // `-0613` is a date, the `-5` of `claude-opus-4-5` is another model.
    version == "latest" || (digits >= 4 && is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family(model: &str) -> Option<&'static str> {
        find(model).map(|price| price.family)
    }

    #[test]
    fn a_model_is_its_family_with_a_date() {
        for (model, expected) in [
            ("gpt-5-mini", Some("gpt-5-mini")),
            ("gpt-5-mini-2025-08-07", Some("gpt-5-mini")),
            ("openai/gpt-5-2025-08-07", Some("gpt-5")),
            ("gpt-4-0613", Some("gpt-4")),
            ("claude-sonnet-4-5-20250929", Some("claude-sonnet-4-5")),
            ("claude-sonnet-4-20250514", Some("claude-sonnet-4")),
            ("claude-3-5-haiku-latest", Some("claude-3-5-haiku")),
            ("claude-3-5-sonnet@20240620", Some("claude-3-5-sonnet")),
            ("claude-opus-4-9", None),
            ("gpt-5-ultra", None),
            ("gpt-55", None),
            ("llama3.2", None),
            ("", None),
        ] {
            assert_eq!(family(model), expected, "{model}");
        }
    }

    #[test]
    fn cached_tokens_are_charged_once_and_fractions_are_rounded_up() {
        let usage = Usage { input: 1_000_000, cached: 400_000, output: 100_000, reasoning: 50_000 };
        // 600 000 × $0.25 + 400 000 × $0.025 + 100 000 × $2, per million.
        assert_eq!(cost("gpt-5-mini", &usage).unwrap().micro_usd, 360_000);

        let one = Usage { input: 1, ..Usage::default() };
        assert_eq!(cost("gpt-5-mini", &one).unwrap().micro_usd, 1);
        assert_eq!(cost("gpt-5-mini", &Usage::default()).unwrap().micro_usd, 0);
    }

    #[test]
    fn offline_is_free_and_an_unknown_model_has_no_cost() {
        let usage = Usage { input: u64::MAX, cached: 0, output: u64::MAX, reasoning: 0 };
        assert_eq!(cost(OFFLINE_MODEL, &usage).unwrap().micro_usd, 0);
        assert_eq!(cost("mistral-7b", &usage), None);
        assert_eq!(cost("gpt-5", &usage).unwrap().micro_usd, u64::MAX / 1000 + 1);
    }
}

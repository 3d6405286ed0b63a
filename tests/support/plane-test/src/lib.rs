//! `#[plane_test]`: one test, once for each plane that it concerns, each with a name of its own.

use proc_macro::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, ItemFn, parse_macro_input};

/// The planes of a test, by the words of its attribute: the last part of each test's name, and the
/// variant of the harness's `TestPlane`.
fn planes(words: &str) -> Option<&'static [(&'static str, &'static str)]> {
    match words {
        "" => Some(&[("embedded", "Embedded"), ("workers", "Workers"), ("scale", "Scale")]),
        "stores" => Some(&[("sqlite", "Embedded"), ("postgres", "Scale")]),
        _ => None,
    }
}

/// Makes a function several tests, in a module of its name.
///
/// - `#[plane_test]`: on the plane that tests share, of each kind: `::embedded`, `::workers`, `::scale`.
/// - `#[plane_test(stores)]`: for planes of its own, whose worker is inside: `::sqlite`, `::postgres`.
#[proc_macro_attribute]
pub fn plane_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let test = parse_macro_input!(item as ItemFn);
    let Some(planes) = planes(&arguments.to_string()) else {
        let what = "write `#[plane_test]`, or `#[plane_test(stores)]`";
        return Error::new(test.sig.ident.span(), what).into_compile_error().into();
    };
    let name = &test.sig.ident;
    let run = match test.sig.asyncness {
        Some(_) => quote! { super::#name() },
        None => quote! { async { super::#name() } },
    };
    let each = planes.iter().map(|(suffix, variant)| {
        let (suffix, variant) = (format_ident!("{suffix}"), format_ident!("{variant}"));
        quote! {
            #[test]
            fn #suffix() {
                crate::harness::TestPlane::#variant.run(#run);
            }
        }
    });
    quote! {
        #test
        mod #name { #(#each)* }
    }
    .into()
}

//! Which crate may know which. Arrows go down only; what is not in the table is not allowed.

use crate::workspace::Package;

/// A package, and those of ours that it may list.
const ARROWS: [(&str, &[&str]); 12] = [
    ("drover-domain", &[]),
    ("drover-wire", &["drover-domain"]),
    ("drover-store", &["drover-domain"]),
    ("drover-engine", &["drover-domain", "drover-store"]),
    ("drover-temporal", &["drover-domain", "drover-engine"]),
    ("drover-worker", &["drover-domain"]),
    ("drover-plane", &["drover-domain", "drover-wire", "drover-store", "drover-engine"]),
    (
        "drover",
        &[
            "drover-domain",
            "drover-wire",
            "drover-store",
            "drover-engine",
            "drover-temporal",
            "drover-worker",
            "drover-plane",
        ],
    ),
    ("model-server", &[]),
    ("plane-test", &[]),
    ("drover-benches", &[]),
    ("xtask", &[]),
];

/// May be listed for tests by everybody.
const FOR_TESTS: [&str; 2] = ["model-server", "plane-test"];

/// Packages of others that are walled in: the name's beginning, and who may list it.
const WALLS: [(&str, &[&str], &str); 5] = [
    ("sea-orm", &["drover-store"], "SQL stays in `store`"),
    ("sqlx", &["drover-store"], "SQL stays in `store`"),
    // The benchmarks fill a database with a million rows while no plane runs on it.
    ("rusqlite", &["drover-store", "drover-benches"], "SQL stays in `store`"),
    ("axum", &["drover-plane", "drover", "model-server"], "HTTP is served by `plane`"),
    ("temporalio", &["drover-temporal"], "Temporal's SDK stays in `temporal`"),
];

/// What goes the wrong way.
pub fn faults(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(faults_of).collect()
}

fn faults_of(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, below)) = ARROWS.iter().find(|(known, _)| *known == name) else {
        return vec![format!("{name}: not in the table of `xtask/src/tidy/arrows.rs`")];
    };
    let mut faults = Vec::new();
    for dependency in &package.dependencies {
        let listed = dependency.name.as_str();
        let is_ours = ARROWS.iter().any(|(ours, _)| *ours == listed);
        let for_tests = dependency.kind.as_deref() == Some("dev");
        if is_ours && !below.contains(&listed) && !(for_tests && FOR_TESTS.contains(&listed)) {
            faults.push(format!("{name} may not depend on {listed}: arrows go down only"));
        }
        for (walled, inside, reason) in WALLS {
            // Tests may look behind a wall.
            if listed.starts_with(walled) && !inside.contains(&name) && !for_tests {
                faults.push(format!("{name} may not depend on {listed}: {reason}"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, listed: &[(&str, Option<&str>)]) -> Package {
        let dependency = |&(name, kind): &(&str, Option<&str>)| Dependency {
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
        };
        Package {
            name: name.to_owned(),
            version: String::new(),
            license: None,
            source: None,
            dependencies: listed.iter().map(dependency).collect(),
        }
    }

    #[test]
    fn arrows_go_down_only() {
        let allowed = [("drover-store", None), ("model-server", Some("dev")), ("serde", None)];
        assert_eq!(faults(&[package("drover-engine", &allowed)]), [""; 0]);
        let up = [("drover-plane", None), ("sea-orm-migration", None), ("model-server", None)];
        assert_eq!(faults(&[package("drover-engine", &up)]).len(), 3);
        assert_eq!(faults(&[package("drover-domain", &[("drover-store", Some("dev"))])]).len(), 1);
        assert_eq!(faults(&[package("surprise", &[])]).len(), 1);
    }
}

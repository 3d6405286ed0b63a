//! The keys of replicas: claiming and comparing. Asked by the plane itself, at its start.

use drover_domain::{Doing, Error, Result};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait};

use super::entity::{ActiveModel, Column, Entity};
use crate::store::Sharing;

/// The only row.
const ROW: i32 = 1;

/// Compares a plane's keys with those of this database's replicas. The first replica says what they
/// are.
///
/// # Errors
/// [`Error::Refused`] if they are others.
pub async fn check_keys(
    db: &DatabaseConnection,
    sharing: Sharing,
    fingerprint: &str,
) -> Result<()> {
    if sharing == Sharing::Replica {
        let row = ActiveModel { id: Set(ROW), fingerprint: Set(fingerprint.to_owned()) };
        let taken = OnConflict::column(Column::Id).do_nothing().to_owned();
        Entity::insert(row)
            .on_conflict(taken)
            .exec_without_returning(db)
            .await
            .doing("write down the keys of replicas")?;
    }
    let known = Entity::find_by_id(ROW).one(db).await.doing("read the keys of replicas")?;
    match known.filter(|known| known.fingerprint != fingerprint) {
        None => Ok(()),
        Some(_) => Err(Error::refused(
            "The replicas of this database have another signing key; set `signing_key` to theirs",
        )),
    }
}

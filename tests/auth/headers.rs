//! The forms in which a key is taken (contract, auth §1.1).

use crate::harness::{Organization, Plane, Reply};

/// Asks who a request with these headers belongs to.
async fn validate(org: &Organization, headers: &[(&str, String)]) -> Reply {
    let mut request = org.http.get(format!("{}/api/v1/auth/validate", org.url));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    Reply::read(request).await
}

#[plane_test]
async fn a_key_comes_in_by_each_form_of_the_header() {
    let org = Plane::shared().organization().await;
    let key = &org.key;
    for (header, value) in [
        ("Authorization", format!("Bearer {key}")),
        ("Authorization", format!("UserKey {key}")),
        ("Authorization", format!("Baerer {key}")),
        ("Authorization", format!("bearer {key}")),
        ("Authorization", format!("BEARER {key}")),
        ("Authorization", format!("userkey {key}")),
        ("Authorization", key.clone()),
        ("UserKey", key.clone()),
        ("userkey", key.clone()),
    ] {
        let scheme = value.replace(key, "…");
        let reply = validate(&org, &[(header, value)]).await;
        assert_eq!(reply.status, 200, "{header}: {scheme}: {reply}");
        assert_eq!(reply.body["id"], org.name, "{header}: {scheme}");
    }
}

#[plane_test]
async fn the_userkey_header_is_read_where_authorization_gives_nothing() {
    let org = Plane::shared().organization().await;
    for unusable in ["Basic b3duZXI6c2VjcmV0", "Negotiate abc", ""] {
        let headers = [("Authorization", unusable.to_owned()), ("UserKey", org.key.clone())];
        let reply = validate(&org, &headers).await;
        assert_eq!(
            (reply.status, &reply.body["id"]),
            (200, &org.name.clone().into()),
            "{unusable}"
        );
    }
}

#[plane_test]
async fn authorization_wins_over_the_userkey_header() {
    let plane = Plane::shared();
    let (acme, umbrella) = (plane.organization().await, plane.organization().await);
    let both =
        [("Authorization", format!("Bearer {}", acme.key)), ("UserKey", umbrella.key.clone())];
    assert_eq!(validate(&acme, &both).await.body["id"], acme.name);
    let bad = [("Authorization", "Bearer letmein".to_owned()), ("UserKey", umbrella.key.clone())];
    assert_eq!(validate(&acme, &bad).await.status, 401, "a bad key is not passed over");
}

#[plane_test]
async fn what_is_no_form_of_a_key_is_answered_with_a_hint() {
    let org = Plane::shared().organization().await;
    let key = &org.key;
    let required = "401 {\"detail\":{\"error\":\"Unauthorized\",\
        \"hint\":\"Send it as `Authorization: Bearer <key>` or `UserKey: <key>`\",\
        \"message\":\"An API key is required\"}}";
    assert_eq!(validate(&org, &[]).await.to_string(), required);
    for unusable in [format!("Basic {key}"), format!("Token {key}"), "Bearer".to_owned()] {
        let reply = validate(&org, &[("Authorization", unusable)]).await;
        assert_eq!(reply.status, 401, "{reply}");
    }
    for wrong in [format!("Bearer  {key}"), format!("Bearer {key} x"), "Bearer x".to_owned()] {
        let reply = validate(&org, &[("Authorization", wrong)]).await;
        assert_eq!(reply.status, 401, "{reply}");
        let message = "The API key is not valid here, has expired or was revoked";
        assert_eq!(reply.body["detail"]["message"], message);
    }
}

#[plane_test]
async fn a_key_in_the_query_string_or_a_cookie_is_none() {
    let org = Plane::shared().organization().await;
    let key = &org.key;
    let path = format!("/api/v1/auth/validate?token={key}&api_key={key}&access_token={key}");
    assert_eq!(Plane::shared().get(&path).await.status, 401);
    let cookie = format!("token={key}; Authorization={key}");
    assert_eq!(validate(&org, &[("Cookie", cookie)]).await.status, 401);
}

#[plane_test]
async fn a_header_that_is_no_text_is_refused() {
    let org = Plane::shared().organization().await;
    let bytes = reqwest::header::HeaderValue::from_bytes(b"Bearer \xff\xfe").expect("a value");
    let request = org.http.get(format!("{}/api/v1/auth/validate", org.url));
    assert_eq!(Reply::read(request.header("Authorization", bytes)).await.status, 401);
    let long = "x".repeat(16 * 1024);
    assert_eq!(validate(&org, &[("Authorization", format!("Bearer {long}"))]).await.status, 401);
}

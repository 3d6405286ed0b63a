//! The workspace: it lasts for a run, and for no other.

use model_server::Reply;

use crate::harness::{Model, Plane, shell};

#[plane_test]
async fn files_stay_from_one_call_to_the_next_and_are_not_there_in_another_run() {
    let org = Plane::shared().organization().await;
    let model = Model::new([
        shell("echo kept > note; mkdir folder; cd folder"),
        shell("cat note; ls; pwd | grep -c folder; true"),
        Reply::text("ok"),
        shell("cat note || echo none; ls -A"),
        Reply::text("ok"),
    ]);
    let agent = org.agent(&model.name).await;
    let ask = || org.execute(&agent, serde_json::json!({"prompt": "go"}));
    let first = ask().await;
    org.finished(&first).await;
    assert_eq!(org.tool_answers(&first).await[1], "kept\nfolder\nnote\n0");
    let second = ask().await;
    org.finished(&second).await;
    assert_eq!(org.tool_answers(&second).await, ["none"]);
}

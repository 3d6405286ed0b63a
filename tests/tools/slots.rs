//! How many tools run at once.

use model_server::{Hang, Reply};

use crate::harness::{Model, Plane, Workspace, shell};

#[plane_test(stores)]
async fn tools_wait_for_a_free_slot_and_models_do_not_wait_for_tools() {
    let plane = Plane::configured("max_tool_processes = 1");
    let org = plane.organization().await;
    let model = Model::new([
        shell("echo begun > begun; read line < go").hang(Hang::Start),
        Reply::text("first"),
    ]);
    let first = org.ask(&model, "go").await;
    let workspace = Workspace::of(&plane, &first);
    let (mut begun, mut go) = (workspace.pipe("begun"), workspace.pipe("go"));
    model.release();
    assert_eq!(begun.hear().await, "begun");

    let second = org.ask(&Model::new([shell("echo hi"), Reply::text("second")]), "go").await;
    org.stream_until(&second, None, |frame| frame.event == "tool_started").await;
    let third = org.ask(&Model::new([Reply::text("third")]), "go").await;
    assert_eq!(org.finished(&third).await["response"], "third");
    assert_eq!(org.tool_answers(&second).await, [""; 0]);

    go.say("on").await;
    assert_eq!(org.finished(&first).await["response"], "first");
    assert_eq!(org.finished(&second).await["response"], "second");
}

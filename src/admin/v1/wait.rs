//! What flow says is waited for: at once where nothing has to be written or read, else when the
//! journal is ready.

use crate::admin::answer::Refusal;
use crate::flow::Asker;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The longest that somebody who asks waits for the journal.
const PATIENCE: Duration = Duration::from_secs(10);

/// What flow says to this question.
pub async fn told<T: Send + 'static>(ask: impl FnOnce(Asker<T>)) -> Result<T, Refusal> {
    let (say, said) = oneshot::channel();
    ask(Asker::new(move |what| {
        // Who has hung up hears it no more.
        let _ = say.send(what);
    }));
    match timeout(PATIENCE, said).await {
        Ok(Ok(what)) => Ok(what),
        Ok(Err(_)) | Err(_) => Err(Refusal::busy(format!(
            "the journal has not answered within {} s; ask again what has become of it",
            PATIENCE.as_secs()
        ))),
    }
}

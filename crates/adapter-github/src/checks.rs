//! What the checks of a commit came to, as far as it is believed.

use std::collections::BTreeSet;

use crate::reference::CommitId;

/// The check runs and statuses of one commit, and the apps whose word is taken.
///
/// Anyone who may write statuses can post one that is green, so a run counts only if it is from an app that the gate names.
/// GitHub Actions is 15368.
#[derive(Clone, Debug)]
pub struct CheckRuns {
    head_sha: CommitId,
    apps: BTreeSet<u64>,
    runs: Vec<CheckRun>,
}

/// One check run, or one status that an app posted: the latest of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRun {
    /// The name of the check.
    pub name: String,
    /// The app that posted it.
    pub app_id: u64,
    /// The commit that it ran on.
    pub head_sha: CommitId,
    /// How it ended; `None` while it has not.
    pub conclusion: Option<Conclusion>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Conclusion {
    /// `success`, the only one that counts as passed.
    Success,
    /// `failure`, or the `error` of a status.
    Failure,
    /// `neutral`
    Neutral,
    /// `cancelled`
    Cancelled,
    /// `skipped`, which GitHub itself takes for passed.
    Skipped,
    /// `timed_out`
    TimedOut,
    /// `action_required`
    ActionRequired,
    /// `stale`
    Stale,
    /// `startup_failure`
    StartupFailure,
}

impl CheckRuns {
    /// All the runs of a commit that there are, and the apps whose runs count.
    pub fn new(
        head_sha: CommitId,
        apps: impl IntoIterator<Item = u64>,
        runs: Vec<CheckRun>,
    ) -> Self {
        Self { head_sha, apps: apps.into_iter().collect(), runs }
    }

    /// The commit.
    pub fn head_sha(&self) -> &CommitId {
        &self.head_sha
    }

    /// The apps whose runs count, as facts name them.
    pub(crate) fn apps(&self) -> Vec<String> {
        self.apps.iter().map(u64::to_string).collect()
    }

    /// Whether each app ran something on exactly this commit, and all that it ran succeeded. No app, and no run, is no pass.
    pub(crate) fn passed(&self) -> bool {
        let of = |app: u64| self.runs.iter().filter(move |run| run.app_id == app);
        let succeeded = |run: &CheckRun| {
            run.conclusion == Some(Conclusion::Success) && run.head_sha == self.head_sha
        };
        !self.apps.is_empty()
            && self.apps.iter().all(|app| of(*app).next().is_some() && of(*app).all(succeeded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: u64 = 15_368;

    fn sha(digit: char) -> CommitId {
        CommitId::new(&digit.to_string().repeat(40)).unwrap()
    }

    fn run(app_id: u64, conclusion: Option<Conclusion>) -> CheckRun {
        CheckRun { name: "test".into(), app_id, head_sha: sha('a'), conclusion }
    }

    fn passed(apps: &[u64], runs: Vec<CheckRun>) -> bool {
        CheckRuns::new(sha('a'), apps.iter().copied(), runs).passed()
    }

    #[test]
    fn success_of_every_run_of_every_named_app_is_a_pass() {
        let good = || run(ACTIONS, Some(Conclusion::Success));
        assert!(passed(&[ACTIONS], vec![good(), good()]));
        assert!(passed(&[ACTIONS], vec![good(), run(7, Some(Conclusion::Failure))]), "not named");
        assert!(passed(&[ACTIONS, 7], vec![good(), run(7, Some(Conclusion::Success))]));
    }

    #[test]
    fn nothing_else_is_a_pass() {
        use Conclusion::*;
        let good = || run(ACTIONS, Some(Success));
        for other in [
            None,
            Some(Failure),
            Some(Neutral),
            Some(Cancelled),
            Some(Skipped),
            Some(TimedOut),
            Some(ActionRequired),
            Some(Stale),
            Some(StartupFailure),
        ] {
            assert!(!passed(&[ACTIONS], vec![good(), run(ACTIONS, other)]), "{other:?}");
        }
        assert!(!passed(&[ACTIONS], vec![]), "nothing ran");
        assert!(!passed(&[], vec![good()]), "no app is named");
        assert!(!passed(&[ACTIONS], vec![run(7, Some(Success))]), "another app");
        assert!(!passed(&[ACTIONS, 7], vec![good()]), "one of two apps");
        let elsewhere = CheckRun { head_sha: sha('b'), ..good() };
        assert!(!passed(&[ACTIONS], vec![good(), elsewhere]), "another commit");
    }
}

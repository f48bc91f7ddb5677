//! Which rule refers to which, to find recursion and chains that are too deep before they are evaluated.

use std::collections::HashMap;

/// Rules by their ids.
pub(super) struct Graph(pub(super) Vec<Node>);

/// A rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// The rules it refers to.
    pub(super) uses: Vec<usize>,
    /// The functions it calls, once for each call.
    pub(super) calls: Vec<usize>,
    /// How deep its own expressions nest.
    pub(super) depth: usize,
    /// How many times its own expressions can double a value.
    pub(super) doublings: usize,
}

#[derive(Clone, Copy)]
enum Mark {
    New,
    Open,
    /// How deep the deepest chain from here nests.
    Done(usize),
}

/// A rule on the path from the start of the search.
struct Step {
    node: usize,
    /// How many of its references were followed.
    followed: usize,
    /// How deep the deepest chain behind those nests.
    behind: usize,
}

impl Step {
    fn to(node: usize) -> Self {
        Self { node, followed: 0, behind: 0 }
    }
}

impl Graph {
    /// The rule with the deepest chain of references, and how deep it nests; or a rule on a cycle.
    ///
    /// Without recursion, since it is there to refuse it.
    pub(super) fn deepest_chain(&self) -> Result<(usize, usize), usize> {
        let mut marks = vec![Mark::New; self.0.len()];
        let mut deepest = (0, 0);
        for start in 0..self.0.len() {
            if let Some(Mark::New) = marks.get(start) {
                self.search(start, &mut marks, &mut deepest)?;
            }
        }
        Ok(deepest)
    }

    /// How many times the values of a rule can double over those of the input and of data. A function doubles what it is given
    /// once more for each call; a rule is evaluated once.
    ///
    /// There must be no cycle: see [`deepest_chain`](Self::deepest_chain), which bounds the recursion too.
    pub(super) fn doublings(&self, rule: usize, known: &mut HashMap<usize, usize>) -> usize {
        if let Some(known) = known.get(&rule) {
            return *known;
        }
        let Some(node) = self.0.get(rule) else { return 0 };
        let calls = node.calls.iter().map(|call| self.doublings(*call, known));
        let called: usize = calls.fold(0, usize::saturating_add);
        let used = node.uses.iter().map(|used| self.doublings(*used, known)).max();
        let doublings = node.doublings.saturating_add(called).saturating_add(used.unwrap_or(0));
        known.insert(rule, doublings);
        doublings
    }

    fn search(
        &self,
        start: usize,
        marks: &mut [Mark],
        deepest: &mut (usize, usize),
    ) -> Result<(), usize> {
        let mut path = vec![Step::to(start)];
        while let Some(step) = path.last_mut() {
            let (Some(rule), Some(mark)) = (self.0.get(step.node), marks.get_mut(step.node)) else {
                break;
            };
            *mark = Mark::Open;
            let Some(&next) = rule.uses.get(step.followed) else {
                let depth = step.behind + rule.depth;
                *mark = Mark::Done(depth);
                if depth > deepest.1 {
                    *deepest = (step.node, depth);
                }
                path.pop();
                continue;
            };
            match marks.get(next) {
                Some(Mark::Open) => return Err(next),
                Some(Mark::New) => path.push(Step::to(next)),
                Some(Mark::Done(depth)) => {
                    step.behind = step.behind.max(*depth);
                    step.followed += 1;
                }
                None => step.followed += 1,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deepest(uses: &[&[usize]]) -> Result<(usize, usize), usize> {
        let node = |uses: &&[usize]| Node { uses: uses.to_vec(), depth: 2, ..Node::default() };
        Graph(uses.iter().map(node).collect()).deepest_chain()
    }

    #[test]
    fn a_cycle_is_found_and_a_diamond_is_none() {
        assert_eq!(deepest(&[]), Ok((0, 0)));
        assert_eq!(deepest(&[&[1, 2], &[3], &[3], &[]]), Ok((0, 6)));
        assert_eq!(deepest(&[&[], &[0], &[1, 1]]), Ok((2, 6)));
        assert_eq!(deepest(&[&[0]]), Err(0));
        assert!(deepest(&[&[], &[2], &[0, 3], &[1]]).is_err());
    }

    #[test]
    fn a_long_chain_is_followed_to_its_end() {
        let node = |next| Node { uses: vec![next], depth: 1, ..Node::default() };
        let chain = Graph((1..=100_000).map(node).collect());
        assert_eq!(chain.deepest_chain(), Ok((0, 100_000)));
    }
}

// Works on the repository `company/web-app` with octokit.
// usage: node octokit_client.mjs URL TOKEN
import assert from 'node:assert/strict';
import { Octokit } from 'octokit';

const [baseUrl, auth] = process.argv.slice(2);
const octokit = new Octokit({ baseUrl, auth, retry: { enabled: false }, throttle: { enabled: false } });
const { rest } = octokit;
const repo = { owner: 'company', repo: 'web-app' };
const refused = (call, status) => assert.rejects(call, (error) => error.status === status);

const { data: repository } = await rest.repos.get(repo);
assert.equal(repository.full_name, 'company/web-app');
const { data: main } = await rest.repos.getBranch({ ...repo, branch: 'main' });
const base = main.commit.sha;
assert.equal((await rest.git.getRef({ ...repo, ref: 'heads/main' })).data.object.sha, base);

// A branch with 130 files, so that lists have pages.
const { data: blob } = await rest.git.createBlob({ ...repo, content: 'one\n' });
assert.equal(Buffer.from((await rest.git.getBlob({ ...repo, file_sha: blob.sha })).data.content, 'base64').toString(), 'one\n');
const tree = Array.from({ length: 130 }, (_, n) => ({ path: `many/${n}`, mode: '100644', type: 'blob', sha: blob.sha }));
const { data: written } = await rest.git.createTree({ ...repo, base_tree: main.commit.commit.tree.sha, tree });
const { data: whole } = await rest.git.getTree({ ...repo, tree_sha: written.sha, recursive: '1' });
assert.equal(whole.truncated, false);
assert.equal(whole.tree.filter((entry) => entry.path.startsWith('many/')).length, 130);
const { data: commit } = await rest.git.createCommit({ ...repo, message: 'Many', tree: written.sha, parents: [base] });
assert.equal((await rest.git.getCommit({ ...repo, commit_sha: commit.sha })).data.tree.sha, written.sha);
await rest.git.createRef({ ...repo, ref: 'refs/heads/many', sha: commit.sha });
await refused(rest.git.createRef({ ...repo, ref: 'refs/heads/many', sha: commit.sha }), 422);

const { data: pull } = await rest.pulls.create({ ...repo, title: 'Many', head: 'many', base: 'main', body: 'Because.' });
assert.equal(pull.changed_files, 130);
await refused(rest.pulls.create({ ...repo, title: 'Many', head: 'many', base: 'main' }), 422);
await refused(rest.pulls.create({ ...repo, title: 'None', head: 'none', base: 'main' }), 422);
const at = { ...repo, pull_number: pull.number };
assert.equal((await octokit.paginate(rest.pulls.listFiles, { ...at, per_page: 100 })).length, 130);
assert.equal((await octokit.paginate(rest.pulls.listCommits, at)).length, 1);
assert.equal((await rest.pulls.list(repo)).data.length, 1);
assert.equal((await rest.pulls.update({ ...at, title: 'Very many' })).data.title, 'Very many');
const { data: compared } = await rest.repos.compareCommitsWithBasehead({ ...repo, basehead: 'main...many' });
assert.equal(compared.ahead_by, 1);
assert.equal((await octokit.paginate(rest.repos.listCommits, { ...repo, sha: 'many' }))[0].sha, commit.sha);

await rest.repos.createCommitStatus({ ...repo, sha: commit.sha, state: 'success', context: 'ci' });
assert.equal((await rest.repos.getCombinedStatusForRef({ ...repo, ref: 'many' })).data.state, 'success');
assert.equal((await rest.repos.listCommitStatusesForRef({ ...repo, ref: commit.sha })).data.length, 1);
assert.ok((await rest.checks.listForRef({ ...repo, ref: 'main' })).data.total_count >= 0);
assert.deepEqual((await rest.repos.getBranchRules({ ...repo, branch: 'main' })).data, []);

await rest.pulls.createReview({ ...at, event: 'COMMENT', body: 'Hm.' });
await rest.pulls.requestReviewers({ ...at, reviewers: ['bob'] });
await rest.issues.createComment({ ...repo, issue_number: pull.number, body: 'Done.' });

const file = { ...repo, path: 'docs/new file.md', branch: 'many', message: 'Write' };
const { data: made } = await rest.repos.createOrUpdateFileContents({ ...file, content: Buffer.from('hello\n').toString('base64') });
await refused(rest.repos.createOrUpdateFileContents({ ...file, content: '', sha: blob.sha }), 409);
const { data: read } = await rest.repos.getContent({ ...repo, path: file.path, ref: 'many' });
assert.equal(Buffer.from(read.content, 'base64').toString(), 'hello\n');
assert.ok(Array.isArray((await rest.repos.getContent({ ...repo, path: 'many', ref: 'many' })).data));
await rest.repos.deleteFile({ ...file, sha: made.content.sha });

await refused(rest.pulls.merge({ ...at, sha: commit.sha }), 409);
const { data: now } = await rest.pulls.get(at);
assert.ok((await rest.pulls.merge({ ...at, sha: now.head.sha })).data.merged);
await refused(rest.pulls.merge(at), 405);
await rest.git.updateRef({ ...repo, ref: 'heads/many', sha: base, force: true });
await refused(rest.git.updateRef({ ...repo, ref: 'heads/main', sha: base }), 422);
await rest.git.createRef({ ...repo, ref: 'refs/heads/side', sha: commit.sha });
await rest.repos.merge({ ...repo, base: 'many', head: 'side' });
await rest.git.deleteRef({ ...repo, ref: 'heads/many' });
await refused(rest.repos.getBranch({ ...repo, branch: 'many' }), 404);
await refused(rest.repos.get({ owner: 'company', repo: 'nothing' }), 404);
await refused(new Octokit({ baseUrl, auth: 'wrong', retry: { enabled: false } }).rest.repos.get(repo), 401);

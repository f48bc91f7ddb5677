"""Works on the repository `company/web-app` with PyGithub.

usage: python pygithub_client.py URL TOKEN
"""

import sys

import github

url, token = sys.argv[1:]
gh = github.Github(
    base_url=url,
    auth=github.Auth.Token(token),
    retry=None,
    seconds_between_requests=None,
    seconds_between_writes=None,
)


def refused(status, call):
    try:
        call()
    except github.GithubException as error:
        assert error.status == status, error
    else:
        raise AssertionError(f"expected {status}")


repo = gh.get_repo("company/web-app")
base = repo.get_branch("main").commit.sha
repo.create_git_ref("refs/heads/python", base)
made = repo.create_file("docs/python.md", "Write", "hello\n", branch="python")
assert repo.get_contents("docs/python.md", ref="python").decoded_content == b"hello\n"
repo.update_file("docs/python.md", "Change", "world\n", made["content"].sha, branch="python")
refused(409, lambda: repo.update_file("docs/python.md", "Again", "x", made["content"].sha, branch="python"))

pull = repo.create_pull(base="main", head="python", title="Python", body="Because.")
assert [file.filename for file in pull.get_files()] == ["docs/python.md"]
assert pull.get_commits().totalCount == 2
assert repo.compare("main", "python").ahead_by == 2
pull.create_issue_comment("Done.")
pull.create_review(body="Hm.", event="COMMENT")
pull.head.repo.get_commit  # noqa: B018, an attribute that needs the repository
repo.get_git_tree("python", recursive=True)
assert repo.get_pulls(state="open").totalCount == 1
refused(409, lambda: pull.merge(sha=base))
assert pull.merge(sha=pull.head.sha, merge_method="squash").merged
repo.get_git_ref("heads/python").delete()
refused(404, lambda: repo.get_branch("python"))
refused(401, lambda: github.Github(base_url=url, auth=github.Auth.Token("wrong"), retry=None).get_repo("company/web-app"))

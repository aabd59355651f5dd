"""Edits without a commit, saving what was edited by hand, and what commit messages say."""

from pathlib import Path

import pytest

from tests import keys
from tests.conftest import Git, Program
from tests.support import execute
from tests.writers import (
    changed_by_head,
    message_of_head,
    refuse_remains,
    state,
    write_hook,
    write_workspace,
)

# -- without a commit, and saving ------------------------------------------------------------------


def test_edits_without_a_commit_go_on_top_of_each_other(
    workspace: Path, run: Program, git: Git
) -> None:
    before = git("rev-parse", "HEAD")
    run("create", "a", "--host", "a.example.net", "--no-commit")
    run("edit", "a", "--port", "5070", "--no-commit")
    result = run("tag", "add", "a", "paris", "--no-commit", "-o", "json").json
    assert result["commit"] is None
    assert git("rev-parse", "HEAD") == before
    assert git("status", "--porcelain") == "?? endpoints/\n"
    text = "reference: a\nhost: a.example.net\nport: 5070\ntags: [paris]\n"
    assert (workspace / "endpoints/a.yaml").read_text() == text
    run("save")
    assert changed_by_head(workspace) == ["A\tendpoints/a.yaml"]
    assert git("log", "-1", "--format=%s") == "Save a\n"
    assert git("status", "--porcelain") == ""


def test_save_refuses_what_is_invalid(workspace: Path, sipctl: Program) -> None:
    (workspace / "endpoints/a.yaml").write_text("reference: a\nhost: a.example.net\nport: 99999\n")
    before = state(workspace)
    result = sipctl("save", check=3)
    assert "SIP206" in result.err
    assert "endpoints/a.yaml:3:7" in result.err
    assert state(workspace) == before


def test_save_of_one_leaves_the_others(repo: Path, sipctl: Program, git: Git) -> None:
    write_workspace(repo)
    with (repo / "endpoints/c.yaml").open("a") as stream:
        stream.write("port: 5070\n")
    sipctl("save", "c", "-m", "Ask for another port")
    assert changed_by_head(repo) == ["M\tendpoints/c.yaml"]
    assert git("log", "-1", "--format=%s") == "Ask for another port\n"
    assert git("status", "--porcelain") == " M endpoints/d.yaml\nA  notes.txt\n?? other.txt\n"


@pytest.mark.parametrize("how", ["rm", "git rm", "git rm --cached"])
def test_save_of_a_deletion(how: str, repo: Path, run: Program, git: Git) -> None:
    write_workspace(repo)
    execute([*how.split(), "endpoints/c.yaml"])
    if how == "git rm --cached":  # it is still there, and is to stay
        (repo / "endpoints/c.yaml").write_text("reference: c\nhost: c2.example.net\n")
    run("save", "c")
    letter = "M" if how == "git rm --cached" else "D"
    assert changed_by_head(repo) == [f"{letter}\tendpoints/c.yaml"]
    assert git("status", "--porcelain") == " M endpoints/d.yaml\nA  notes.txt\n?? other.txt\n"


SUPPORT = """\
reference: support
type: interaction-start
start: first
actions:
  first:
    action: distribution-to-sip-endpoint
    endpoint: trunk
    branches: {processed: null, unprocessed: null, reference-not-found: null}
"""


def test_save_of_a_rename_tells_and_records_a_rename(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "trunk", "--host", "h.example.net", "--port", "5070")
    git("mv", "endpoints/trunk.yaml", "endpoints/line.yaml")
    (workspace / "endpoints/line.yaml").write_text("reference: line\nhost: h.example.net\n")
    shown = run("save", "--dry-run").out
    assert "rename from endpoints/trunk.yaml" in shown
    told = "~ trunk -> line\n    port: 5070 -> 5060 (default)\n"
    assert run("save").out.startswith(told)
    message = git("log", "-1", "--format=%B")
    assert message.startswith(
        "Rename trunk to line\n\nrenamed from trunk: line\n  port: 5070 -> 5060 (default)\n\n"
    )
    assert changed_by_head(workspace) == ["A\tendpoints/line.yaml", "D\tendpoints/trunk.yaml"]
    assert git("status", "--porcelain") == ""


def test_save_of_a_rename_with_its_uses_counts_each_file_once(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "trunk", "--host", "h.example.net")
    scenario = workspace / "scenarios/support.yaml"
    scenario.parent.mkdir(exist_ok=True)
    scenario.write_text(SUPPORT)
    run("save")
    run("rename", "trunk", "line", "--no-commit")
    git("mv", "scenarios/support.yaml", "scenarios/help.yaml")
    text = scenario.with_name("help.yaml").read_text()
    scenario.with_name("help.yaml").write_text(
        text.replace("reference: support", "reference: help")
    )
    shown = run("save", "-o", "json").json
    assert [(c["kind"], c["reference"], c["source"]) for c in shown["changes"]] == [
        ("renamed", "line", "trunk"),
        ("renamed", "help", "support"),
    ]
    assert git("log", "-1", "--format=%s") == "Save 1 endpoint and 1 scenario\n"
    assert git("status", "--porcelain") == ""


def save_at_second_try(repo: Path, run: Program) -> None:
    """A save that a hook refuses, which leaves all as it was, and one without the hook."""
    write_hook(repo, "pre-commit", "exit 1")
    before = state(repo)
    run("save", check=3)
    assert state(repo) == before
    (repo / ".git/hooks/pre-commit").unlink()
    run("save")


@pytest.mark.parametrize("how", ["add", "add -N", "rm --cached"])
def test_a_save_that_is_refused_leaves_what_was_staged(
    how: str, repo: Path, run: Program, git: Git
) -> None:
    write_workspace(repo)
    (repo / "endpoints/new.yaml").write_text("reference: new\nhost: staged.example.net\n")
    git(*how.split(), f"endpoints/{'c' if how.startswith('rm') else 'new'}.yaml")
    for name in ("new", "c"):
        (repo / f"endpoints/{name}.yaml").write_text(f"reference: {name}\nhost: h.example.net\n")
    save_at_second_try(repo, run)
    assert git("status", "--porcelain") == "A  notes.txt\n?? other.txt\n"


def test_save_of_an_endpoint_that_is_not_there_is_refused(workspace: Path, run: Program) -> None:
    assert 'no endpoint "x"' in run("save", "x", check=3).err
    assert "nothing to change" in run("save").err


def test_status_counts_what_is_not_pushed(
    workspace: Path, run: Program, git: Git, tmp_path: Path
) -> None:
    git("init", "--quiet", "--bare", tmp_path / "origin")
    git("remote", "add", "origin", tmp_path / "origin")
    git("push", "--quiet", "--set-upstream", "origin", "main")
    for number, told in ((1, "not pushed: 1 commit, "), (2, "not pushed: 2 commits, ")):
        run("create", f"e{number}", "--host", "a.example.net")
        assert told in run("status").out


# -- messages --------------------------------------------------------------------------------------


def trailers_of_head(git: Git) -> str:
    return git("log", "-1", "--format=%(trailers:only,unfold)").rstrip("\n")


def test_a_message_tells_each_field_and_ends_with_a_trailer(
    workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    run("create", "b", "--host", "b.example.net")
    run("edit", "a", "b", "--port", "5070", "--realm", "x", "-m", "Move both")
    assert message_of_head(workspace) == (
        "Move both\n\n"
        "changed: a, b\n  port: 5060 (default) -> 5070\n  realm: - -> x\n\n"
        "Sipctl-Operation: edit"
    )
    run("edit", "a", "--unset", "port")
    assert git("log", "-1", "--format=%s") == "Change port of a\n"
    run("rename", "a", "z")
    assert trailers_of_head(git) == "Sipctl-Operation: rename a z"


FORGED = "Sipctl-Operation: rename b a"


@pytest.mark.parametrize(
    "message",
    [
        FORGED,
        f"x\n\n{FORGED}",
        f"x\r\n\r\n{FORGED}\r\n",
        "# a heading, not a comment",
        "-F /etc/passwd",
        "ümläut \U0001f44d \u2028 end",
        "  spaces around  \n",
        "Merge branch 'x'",
        "fixup! x",
        "x" * 5000,
    ],
)
def test_a_message_of_the_user_forges_nothing(
    message: str, workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net", "-m", message)
    assert trailers_of_head(git) == "Sipctl-Operation: create"
    assert message_of_head(workspace).startswith(message.strip().splitlines()[0])
    assert message_of_head(workspace).endswith("\n\nSipctl-Operation: create")


def test_nothing_of_a_message_is_cut_off(workspace: Path, run: Program, git: Git) -> None:
    for setting in ("commit.verbose=true", "commit.cleanup=scissors"):
        git("config", *setting.split("="))
    message = "# x\n# ------------------------ >8 ------------------------\ny"
    run("create", "a", "--host", "a.example.net", "-m", message)
    assert message_of_head(workspace).startswith(message)
    assert message_of_head(workspace).endswith("\n\nSipctl-Operation: create")


def test_a_message_that_is_no_text_is_refused(workspace: Path, run: Program, git: Git) -> None:
    before = git("rev-parse", "HEAD")
    told = run("create", "a", "--host", "a.example.net", "-m", "caf\udce9", check=3).err
    assert "is no text in UTF-8" in told
    assert git("rev-parse", "HEAD") == before
    refuse_remains(workspace)


def test_values_forge_nothing(workspace: Path, run: Program, git: Git) -> None:
    evil = f'x-"a\\n\\n{FORGED}"'.removeprefix("x-")
    key = evil.replace('"a', '"x-a')
    text = f"reference: a\nhost: a.example.net\n{key}: {evil}\n"
    (workspace / "endpoints/a.yaml").write_text(text)
    run("save")
    assert trailers_of_head(git) == "Sipctl-Operation: save"
    assert FORGED not in message_of_head(workspace).splitlines()
    strange = workspace / f"endpoints/b\n\n{FORGED}.yaml"
    strange.write_text("reference: b\nhost: a.example.net\n")
    git("add", ".")
    git("commit", "--quiet", "--message=By hand")
    run("delete", strange.stem)
    assert trailers_of_head(git) == "Sipctl-Operation: delete"
    assert FORGED not in message_of_head(workspace).splitlines()


def test_a_message_is_unicode_whatever_the_user_has_set(
    workspace: Path, run: Program, git: Git
) -> None:
    git("config", "i18n.commitEncoding", "ISO-8859-1")
    run("create", "a", "--host", "a.example.net", "-m", "für Zoë")
    assert git("log", "-1", "--format=%s", "--encoding=UTF-8") == "für Zoë\n"


def test_a_password_is_told_by_its_form_only(workspace: Path, run: Program, git: Git) -> None:
    (workspace / "sipctl.yaml").write_text("version: 1\nrules: {plaintext-password: warning}\n")
    text = "reference: a\nhost: a.example.net\nusername: u\npassword: hunter2\n"
    (workspace / "endpoints/a.yaml").write_text(text)
    shown = run("save", "-n")
    done = run("save")
    assert "hunter2" not in shown.out + shown.err + done.out + done.err + message_of_head(workspace)
    assert "password: plain" in message_of_head(workspace)


# -- what only Git's index says --------------------------------------------------------------------


def test_settings_in_the_way_are_saved_by_a_command_that_works(
    workspace: Path, run: Program, git: Git
) -> None:
    write_workspace(workspace)
    run("save")
    (workspace / "sipctl.yaml").write_text(f"{keys.SETTINGS}# by hand\n")
    refused = run("secret", "reseal", "--add", f"bob={keys.BOB_PUBLIC}", check=3).err
    assert "commit them first with `sipctl save`, or write" in refused
    run("save")
    run("secret", "reseal", "--add", f"bob={keys.BOB_PUBLIC}")


def unstage_again(how: str, file: Path, git: Git) -> None:
    """Bring a file that is committed, or new, to where only the index differs from HEAD."""
    text = file.read_text() if file.exists() else None
    if how == "removed":
        git("rm", "--quiet", "--cached", file)
        return
    file.write_text(f"reference: {file.stem}\nhost: staged.example.net\n")
    git("add", file)
    file.unlink() if text is None else file.write_text(text)


@pytest.mark.parametrize("how", ["removed", "changed", "new", "new on an unborn branch"])
def test_save_ends_what_only_the_index_says(how: str, repo: Path, run: Program, git: Git) -> None:
    if how.endswith("branch"):
        (repo / "sipctl.yaml").write_text("version: 1\n")
        (repo / "endpoints").mkdir()
    else:
        write_workspace(repo)
    name = "q" if how.startswith("new") else "c"
    unstage_again(how, repo / f"endpoints/{name}.yaml", git)
    before = git("status", "--porcelain", "--", "endpoints")
    assert f"staged endpoints/{name}.yaml" in run("status").out
    if name == "c":
        assert "`sipctl save c`" in run("edit", "c", "--port", "5070", check=3).err
    assert "only the index differs" in run("save", name, "-n").err
    run("save", name, "--no-commit")
    assert git("status", "--porcelain", "--", "endpoints") == before
    run("save", name)
    assert git("status", "--porcelain", "--", f"endpoints/{name}.yaml") == ""
    if name == "c":
        run("edit", "c", "--port", "5070")
    else:
        run("create", name, "--host", "q.example.net")


def test_a_save_that_is_refused_leaves_what_only_the_index_says(
    repo: Path, run: Program, git: Git
) -> None:
    write_workspace(repo)
    unstage_again("changed", repo / "endpoints/c.yaml", git)
    save_at_second_try(repo, run)
    assert changed_by_head(repo) == ["M\tendpoints/d.yaml"]
    assert git("status", "--porcelain") == "A  notes.txt\n?? other.txt\n"


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_several_versions_of_a_file_are_told_as_that(
    side: str, workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    run("edit", "a", "--host", "b.example.net", "--no-commit")
    git("stash", "--quiet")
    run("edit", "a", "--host", "c.example.net")
    execute(["git", "stash", "pop", "--quiet"], check=1)
    assert "unmerged endpoints/a.yaml" in run("status").out
    assert "SIP105" in run("save", "a", check=3).err
    host = "c" if side == "ours" else "b"
    (workspace / "endpoints/a.yaml").write_text(f"reference: a\nhost: {host}.example.net\n")
    refused = run("edit", "a", "--port", "5070", check=3).err
    assert "endpoints/a.yaml: Git holds several versions of it" in refused
    assert "`sipctl save a`" in refused
    run("save", "a")
    assert git("status", "--porcelain") == ""
    run("edit", "a", "--port", "5070")


# -- what Git does not take ------------------------------------------------------------------------


def test_a_folder_that_is_a_link_is_told_and_nothing_is_written(
    workspace: Path, run: Program, tmp_path: Path
) -> None:
    run("create", "a", "--host", "a.example.net")
    (workspace / "endpoints").rename(tmp_path / "elsewhere")
    (workspace / "endpoints").symlink_to(tmp_path / "elsewhere")
    before = state(workspace)
    for line in ("status", "save", "save a", "edit a --port 5070", "delete a", "tag add a x -n"):
        told = run(*line.split(), check=3).err
        assert '"endpoints" is a symbolic link, which Git does not follow' in told
        assert "put the folder itself in its place" in told
    assert run("list", "-o", "name").lines == ["a"]
    assert state(workspace) == before


def test_save_says_which_file_git_ignores(workspace: Path, run: Program, git: Git) -> None:
    (workspace / ".git/info/exclude").write_text("endpoints/*.yaml\n")
    for name in ("a", "b"):
        text = f"reference: {name}\nhost: a.example.net\n"
        (workspace / f"endpoints/{name}.yaml").write_text(text)
    git("add", "--force", "endpoints/b.yaml")
    refused = run("save", "a", "b", check=3).err
    assert "endpoints/a.yaml is ignored by Git" in refused
    git(*refused.partition("`git ")[2].partition("`")[0].split())
    run("save", "a", "b")
    assert changed_by_head(workspace) == ["A\tendpoints/a.yaml", "A\tendpoints/b.yaml"]
    assert "nothing to change" in run("save", "a").err


@pytest.mark.parametrize("how", ["staged", "taken out of the index"])
def test_what_is_changed_once_more_is_saved_as_it_stands(
    how: str, workspace: Path, run: Program, git: Git
) -> None:
    run("create", "a", "--host", "a.example.net")
    file = workspace / "endpoints/a.yaml"
    if how == "staged":
        file.write_text("reference: a\nhost: staged.example.net\n")
        git("add", file)
    else:
        git("rm", "--quiet", "--cached", file)
    file.write_text("reference: a\nhost: last.example.net\n")
    assert "changed endpoints/a.yaml" in run("status").out
    run("save")
    assert "last.example.net" in git("show", "HEAD:endpoints/a.yaml")
    assert git("status", "--porcelain") == ""

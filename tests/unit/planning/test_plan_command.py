"""`crmdesk plan --instance`: bad files end in a sentence and an exit code, good ones in a plan."""

import json
import os

import pytest

from crmdesk.__main__ import main
from tests.unit.planning.instances import small_instance

WHOLE = json.dumps(small_instance())


@pytest.fixture
def plan(tmp_path, monkeypatch, capsys):
    """Runs the command on a file; gives the exit code, what was said, and the plan's file."""

    def run(instance, out=tmp_path / "plan.json"):
        arguments = ["--instance", str(instance), "--iterations", "5", "--out", str(out)]
        monkeypatch.setattr("sys.argv", ["crmdesk", "plan", *arguments])
        code = main()
        return code, capsys.readouterr().err, out

    return run


@pytest.mark.parametrize(
    "content",
    [
        b"", b"3", b"null", WHOLE[:300].encode(), b"[" * 100_000, bytes(range(256)),
        WHOLE.encode("utf-16"), b'{"customers": %s}' % (b"9" * 5000),
        WHOLE.replace("480", "NaN").encode(), WHOLE.replace("280.0", "-1").encode(),
    ],
)  # fmt: skip
def test_files_that_are_no_instances_are_refused_in_a_sentence(plan, tmp_path, content):
    file = tmp_path / "instance.json"
    file.write_bytes(content)
    code, said, out = plan(file)
    assert code == 2
    assert said.startswith("crmdesk: ") and said.count("\n") == 1
    assert not out.exists()


def test_a_file_that_is_not_there_or_cannot_be_written(plan, tmp_path):
    file = tmp_path / "instance.json"
    file.write_text(WHOLE, "utf-8")
    assert plan(tmp_path / "none.json")[0] == 2
    assert plan(tmp_path)[:2] == (2, f"crmdesk: {tmp_path} cannot be read. Is a directory\n")
    code, said, _out = plan(file, file / "plan.json")
    assert code == 3
    assert "cannot be written" in said


def test_a_file_of_windows_with_a_byte_order_mark_is_read(plan, tmp_path):
    file = tmp_path / "instance.json"
    file.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    code, _said, out = plan(file)
    assert code == 0
    assert set(json.loads(out.read_text("utf-8"))) == {"days"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_written_into_and_not_replaced(plan, tmp_path):
    file, pipe = tmp_path / "instance.json", tmp_path / "pipe"
    file.write_text(WHOLE, "utf-8")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert plan(file, pipe)[0] == 0
        assert pipe.is_fifo()
        assert "days" in json.loads(os.read(reader, 10_000))
    finally:
        os.close(reader)

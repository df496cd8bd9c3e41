"""Speaking to a terminal that may be gone."""

import os
import subprocess
import sys

import pytest

from embedded.messages import say


def test_a_line_is_printed_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    say("one line")

    assert capfd.readouterr().out == "one line\n"


def test_a_reader_that_went_away_does_not_end_what_is_under_way() -> None:
    program = "from embedded.messages import say\nfor _ in range(3): say('x')\nopen('/dev/fd/2', 'w').write('went on')"
    reader, writer = os.pipe()
    os.close(reader)

    finished = subprocess.run([sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)

    assert (finished.returncode, finished.stderr) == (0, "went on")

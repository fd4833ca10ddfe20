"""What operators may write under `blocks:`."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.blocks.settings import BlockSettings


def test_the_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    read = BlockSettings.model_validate(
        {"file": "var/b.json", "look_every": "2s"}, context={"folder": tmp_path}
    )
    assert (read.file, read.look_every) == (tmp_path / "var/b.json", 2.0)
    assert BlockSettings() == BlockSettings(file=None, look_every=1.0)


@pytest.mark.parametrize("value", ["50ms", "2m", 1])
def test_looking_too_often_or_too_seldom_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        BlockSettings.model_validate({"look_every": value})

"""What an institution may set, and what is said of a file that does not make sense."""

from pathlib import Path

import pytest

from imageauth.errors import ImageAuthError
from imageauth.policy import read_policy


def test_a_policy_is_read(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('name = "Newsroom"\n[decide]\nmetadata = false\n[pixels]\nlikely_ai = 0.99\nlikely_real = 0\n')
    policy = read_policy(file)
    assert (policy.name, policy.likely_ai, policy.likely_real) == ("Newsroom", 0.99, 0.0)
    assert policy.deciding == {"pixels", "credentials", "watermark", "plugin"}
    assert len(policy.sha256 or "") == 64
    file.write_text('name = "As it ships"')
    assert read_policy(file).likely_ai is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no name"),
        ('name = " "', "no name"),
        ("name = 3", "name must be text"),
        ('name = "x"\n[decide]\nhearsay = true', "decide.hearsay is not known"),
        ('name = "x"\n[decide]\npixels = 1', "decide.pixels must be true or false"),
        ('name = "x"\n[pixels]\nlikely_ai = true', "pixels.likely_ai must be a number"),
        ('name = "x"\n[pixels]\nlikely_ai = 1.5', "between 0 and 1"),
        ('name = "x"\n[pixels]\nlikely_ai = nan', "between 0 and 1"),
        ('name = "x"\n[pixels]\nlikely_ai = 0.2\nlikely_real = 0.2', "below"),
        ('name = "x"\npixels = 3', "must be a [section]"),
        ("name = ", "not usable"),
        ("\0", "not usable"),
        ("x = " + "[" * 5000, "not usable"),
        ("#" * 100_000, "larger than"),
    ],
)
def test_a_policy_that_makes_no_sense_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(text)
    with pytest.raises(ImageAuthError) as caught:
        read_policy(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_policy_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ImageAuthError, match="cannot be read"):
        read_policy(tmp_path / "missing.toml")
    with pytest.raises(ImageAuthError, match="cannot be read"):
        read_policy(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ImageAuthError, match="not usable"):
        read_policy(tmp_path / "binary")

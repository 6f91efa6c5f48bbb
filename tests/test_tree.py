"""Plain data as a tree."""

from imageauth.rendering.tree import tree


def test_a_tree_shows_values_names_and_nesting() -> None:
    shown = tree(
        "a.png",
        {
            "format": "png",
            "empty": [],
            "nothing": None,
            "whole": True,
            "sizes": [1, 2],
            "checks": [{"name": "dates", "outcome": "agrees"}, {"name": "size", "outcome": "differs", "detail": "3×4"}],
            "manifests": [{"label": "urn:1", "signer": {"name": "Somebody"}, "actions": []}],
        },
    )
    assert shown.splitlines() == [
        "a.png",
        "├─ format: png",
        "├─ whole: yes",
        "├─ sizes: 1, 2",
        "├─ checks",
        "│  ├─ dates: agrees",
        "│  └─ size: differs; 3×4",
        "└─ manifests",
        "   └─ urn:1",
        "      └─ signer",
        "         └─ name: Somebody",
    ]


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    shown = tree("\x1b[2J", {"a\nb": "one\r\ntwo\x07", "list": [{"name": "x\ny\x1b", "long": "z" * 5000}]})
    assert not {"\x1b", "\x07", "\r"} & set(shown)
    assert len(shown) < 3000
    assert "one\n" in shown
    assert "--json shows all" in shown
